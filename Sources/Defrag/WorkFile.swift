import Glibc
import XFS

/// The file that a run is over: what the run's decisions depend on, and its map. Figures are bytes.
struct WorkFile: ~Copyable {
    private(set) var file: XFS.File
    let device: UInt64
    let inode: UInt64
    let blockSize: Int64
    /// Unit of the file's copy-on-write allocations. Guests have written in the file's own unit, even if an earlier run left
    /// its hint. A chunk is at least this long: a large hint must not make its lock long.
    let alignment: Int64
    /// The owner's `extsize` hint; zero without one.
    let extentSizeHint: Int64
    /// Whether the file's last shared extent must not be unshared.
    let needsPin: Bool
    /// When it was last looked at.
    private(set) var size: Int64
    /// Blocks that only the run's ``Pin`` shares: to the run they are private.
    var pinned: [Int64] = []
    /// What the device cannot read: to the run it is nothing that could be rewritten.
    var unreadable: [Range<Int64>] = []
    private var map = MapCursor()

    /// `file` with a descriptor of its own.
    init(_ file: borrowing XFS.File, needsPin: Bool) throws(SystemError) {
        let status = try file.status()
        guard status.size <= Self.mostSize else { throw SystemError(errno: EFBIG, operation: "fstat") }
        let blockSize = try file.geometry().blockSize
        let attributes = try file.attributes()
        let unit = max(32 * blockSize, attributes.cowAllocationUnit(blockSize: blockSize))
        self.file = try file.duplicate()
        (device, inode) = (status.device, status.inode)
        size = status.size
        self.blockSize = blockSize
        alignment = min(1 << 20, unit)
        extentSizeHint = attributes.extentSizeHint
        self.needsPin = needsPin
    }

    /// Opens it for writing, which closing it tells to programs that watch it: only once there is something to rewrite.
    ///
    /// - Throws: ``Halt``, a refusal.
    mutating func openForWriting() throws {
        do throws(SystemError) {
            file = try awaitingLeases { () throws(SystemError) in try file.reopened(.readWrite) }
            try file.checkAllocatable()
        } catch {
            guard let cause = Cause(error, name: "the file") else { throw error }
            throw Halt.refuse(Refusal(cause.reason, cause.sentence))
        }
    }

    /// Where its last block ends.
    var end: Int64 { (size + blockSize - 1) / blockSize * blockSize }

    /// Whether a clone may end at `offset`: at a block's boundary or at the end of the file.
    func canEndClone(at offset: Int64) -> Bool {
        offset == size || (offset < size && offset % blockSize == 0)
    }

    /// A larger file is none for a run: offsets are rounded up, and numbers of bytes are added to them. No disk holds it.
    static let mostSize = Int64(1) << 62

    /// Looks at it again, as guests may have changed its size.
    ///
    /// - Throws: ``SystemError``, `EFBIG` for more than ``mostSize``.
    @discardableResult
    mutating func look() throws(SystemError) -> FileStatus {
        let status = try file.status()
        guard status.size <= Self.mostSize else { throw SystemError(errno: EFBIG, operation: "fstat") }
        size = status.size
        return status
    }

    /// Begins to read the map of `range`.
    mutating func seek(_ range: Range<Int64>, batch: Int = MapCursor.mostRecords) {
        map.seek(to: range, batch: batch)
    }

    /// The next record of the map; `nil` at its end.
    mutating func next() throws(SystemError) -> Extent? {
        guard var record = try map.next(of: file)?.apart(from: pinned, blockSize: blockSize) else {
            return nil
        }
        if unreadable.contains(where: { $0.overlaps(record.offset..<record.end) }) {
            record.state = .unwritten
        }
        return record
    }
}

extension Extent {
    /// The record as it would be without the pin on the blocks at `pinned`.
    func apart(from pinned: [Int64], blockSize: Int64) -> Extent {
        guard shared > 0, length <= Int64(pinned.count) * blockSize,
            stride(from: offset, to: end, by: Int(blockSize)).allSatisfy(pinned.contains)
        else { return self }
        var extent = self
        extent.shared = 0
        return extent
    }
}
