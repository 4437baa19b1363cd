import XFS

/// Keeps a file flagged as one that shares blocks during a run: some of its blocks, far apart, are shared with unnamed
/// files.
///
/// Each unshare ends by searching the whole map for a shared extent, and clears the flag of a file that has none
/// (xfs_reflink_try_clear_inode_flag, fs/xfs/xfs_reflink.c). With a shared block near the start the search is short.
/// And on Linux before 6.12 (commit 4390f019ad78) clearing the flag frees copy-on-write blocks under data that are being
/// written: as long as something stays shared, that cannot happen.
///
/// A guest's write, and an unshare of the chunk around it, separate a block from its pin. So the pins are checked before
/// each chunk, and renewed; where data depend on them, there are more of them, and they are checked again immediately before
/// each unshare (``isFirm(outside:in:)``).
///
/// A block counts as pinned only while it is the very block that the unnamed file has. That the map shows it as shared
/// says less: it may be shared with a backup alone, which may be deleted at any moment.
struct Pin: ~Copyable {
    private let blocks: [PinnedBlock]

    /// Two are enough for a short search. Where data depend on them, a guest would have to write to all of them, and flush
    /// them, while one chunk is unshared.
    private static func count(isVital: Bool) -> Int { isVital ? 8 : 2 }

    /// No block is pinned yet.
    ///
    /// - Parameters:
    ///   - file: which file.
    ///   - blockSize: the file system's, in bytes.
    ///   - isVital: whether data depend on the pin, see `KernelRelease.losesDataWhenUnsharing`.
    /// - Throws: `SystemError` when the unnamed files cannot be made.
    init(beside file: borrowing XFS.File, blockSize: Int64, isVital: Bool) throws(SystemError) {
        var blocks: [PinnedBlock] = []
        for _ in 0..<Self.count(isVital: isVital) {
            let keeper = try Scratch(beside: file, blockSize: blockSize)
            blocks.append(PinnedBlock(keeper, blockSize: blockSize, isVital: isVital))
        }
        self.blocks = blocks
    }

    /// Pins blocks, as far as enough are written: the file in equal parts, a written block from the start of each on.
    /// A failure leaves a block without a pin.
    ///
    /// - Returns: where a clone was needed, and how long it took: the file was locked meanwhile.
    @discardableResult
    func renew(in file: borrowing XFS.File, size: Int64, blockSize: Int64) -> [(
        offset: Int64, lock: Duration
    )] {
        let count = Int64(blocks.count)
        return blocks.enumerated().compactMap { index, block in
            block.renew(in: file, within: size / count * Int64(index) / blockSize * blockSize..<size)
        }
    }

    /// Blocks that must stay pinned: half of them. A guest would have to write to all of these at once.
    private var least: Int { blocks.count / 2 }

    /// Whether the file stays shared, by the last check, when `range` is unshared.
    func holds(outside range: Range<Int64>) -> Bool {
        distinct { $0.isOutside(range) }.count >= least
    }

    /// Whether the file stays shared when `range` is unshared now: what guests have written to a pinned block and is still
    /// in memory is written back first, so that no flush of theirs can separate the block from its pin meanwhile.
    func isFirm(outside range: Range<Int64>, in file: borrowing XFS.File) -> Bool {
        var firm: Set<Int64> = []
        for block in blocks where block.isOutside(range) && block.isFirm(in: file) {
            if let offset = block.offset { firm.insert(offset) }
        }
        return firm.count >= least
    }

    /// Where a chunk with too many pins in it must end.
    func boundary(in range: Range<Int64>) -> Int64? {
        let inside = distinct { !$0.isOutside(range) }
        return inside.count > least ? inside[least] : nil
    }

    /// The places of those that `isMeant`, each once, in file order: where little is written, several are in one place.
    private func distinct(_ isMeant: (PinnedBlock) -> Bool) -> [Int64] {
        Set(blocks.filter(isMeant).compactMap(\.offset)).sorted()
    }

    /// Where the blocks are that only the pin shares: the map shows them as shared, and unsharing them costs nothing.
    var ours: [Int64] {
        blocks.compactMap { $0.isOurs ? $0.offset : nil }
    }

    /// Releases the blocks.
    func release() throws(SystemError) {
        for block in blocks { try block.release() }
    }
}

/// One shared block.
private final class PinnedBlock {
    private var keeper: Scratch
    /// Where the block is in the file.
    private(set) var offset: Int64?
    /// Whether it was private when it was pinned.
    private(set) var isOurs = false
    private var search = PinSearch()
    private let blockSize: Int64
    private let isVital: Bool

    init(_ keeper: consuming Scratch, blockSize: Int64, isVital: Bool) {
        self.keeper = keeper
        self.blockSize = blockSize
        self.isVital = isVital
    }

    /// Pins a block that is written in `range`, unless one is pinned; see ``PinSearch``.
    ///
    /// - Returns: where, and how long the file was locked for it; `nil` if it was not.
    func renew(
        in file: borrowing XFS.File, within range: Range<Int64>
    ) -> (offset: Int64, lock: Duration)? {
        if isFirm(in: file) { return nil }
        do throws(SystemError) {
            try release()
            guard let found = try search.next(in: range, of: file, blockSize: blockSize) else { return nil }
            let start = ContinuousClock.now
            try keeper.keep(found.offset..<found.offset + blockSize, of: file)
            let pause = ContinuousClock.now - start
            if try keeper.sharesFirstBlock(with: file, at: found.offset) {
                isOurs = found.shared == 0
                offset = found.offset
            }
            return (found.offset, pause)
        } catch {
            return nil
        }
    }

    /// Whether the block is pinned, and will be until it is written again.
    func isFirm(in file: borrowing XFS.File) -> Bool {
        guard let offset else { return false }
        do throws(SystemError) {
            if isVital { try file.writeBack(offset..<offset + blockSize) }
            return try keeper.sharesFirstBlock(with: file, at: offset)
        } catch {
            return false
        }
    }

    func isOutside(_ range: Range<Int64>) -> Bool {
        offset.map { !range.contains($0) } ?? false
    }

    func release() throws(SystemError) {
        offset = nil
        if !keeper.isEmpty { try keeper.release() }
    }
}
