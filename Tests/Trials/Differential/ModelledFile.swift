import Glibc
import Support

/// A file and the backups of it, with what each of them must hold. One thread at a time uses it.
struct ModelledFile: ~Copyable, Sendable {
    /// A reflink copy and what must be in it.
    struct Backup: Sendable {
        var path: String
        var contents: ContentsModel
    }

    /// Where it is.
    let path: String
    /// What the users have touched since ``forgetTouches()``.
    private(set) var touches: TouchLog
    /// What was done to it since it was made.
    private(set) var operations: [Operation: Int] = [:]
    /// Bytes compared so far.
    private(set) var compared = 0
    let blockSize: Int64
    var contents: ContentsModel
    var backups: [Backup] = []
    var random: Xorshift

    let file: TestFile
    let direct: TestFile
    /// Allocations are made in multiples of this.
    let allocationUnit: Int64
    private var backupsMade = 0

    /// Most bytes that it grows to.
    static let largest: Int64 = 20 << 20
    /// Most backups: with them, blocks are shared in up to five ways.
    private static let mostBackups = 4
    /// A page fault for writing allocates a whole folio, which is as large as this at the most.
    static let largestFolio: Int64 = 2 << 20

    /// The file at `path`, which holds `contents`.
    init(_ path: String, holding contents: ContentsModel, blockSize: Int64, hint: Int64, random: Xorshift) {
        self.path = path
        self.contents = contents
        self.blockSize = blockSize
        self.random = random
        allocationUnit = max(blockSize, hint)
        touches = TouchLog(blockSize: blockSize)
        file = TestFile(path)
        direct = TestFile(path, direct: true)
    }

    /// Does `operation` somewhere, half of the time near `place`, to the file and to its model.
    ///
    /// - Throws: ``Violation`` if it reads something else than it must.
    mutating func perform(_ operation: Operation, near place: Int64? = nil) throws {
        let place = place.flatMap { Bool.random(using: &random) ? $0 : nil }
        switch operation {
        case .bufferedWrite, .directWrite, .mappedWrite, .append: try write(operation, near: place)
        case .punch, .zero, .preallocate, .shorten, .lengthen, .collapse, .insert:
            allocate(operation, near: place)
        case .share: share(near: place)
        case .backUp: backUp()
        case .removeBackup: removeBackup()
        case .flush: file.synchronize()
        case .writeBack: file.writeBack(0..<max(1, contents.size))
        case .dropCache: file.dropCache()
        case .read: try read(near: place)
        }
        operations[operation, default: 0] += 1
    }

    /// From now on, what was touched before does not count.
    mutating func forgetTouches() {
        touches = TouchLog(blockSize: blockSize)
    }

    /// `range`, which may reach behind the end, was written or allocated.
    mutating func touch(_ range: Range<Int64>, unit: Int64 = 0) {
        // Where the unit that a hint asks for overlaps a neighbour, XFS moves it and does not cut it
        // (xfs_bmap_extsize_align, fs/xfs/libxfs/xfs_bmap.c).
        let reach = allocationUnit > blockSize ? allocationUnit : 0
        let start = max(0, min(range.lowerBound, contents.size) - reach)
        let end = range.upperBound > contents.size ? .max : range.upperBound + reach
        touches.add(from: start, to: end, unit: max(unit, allocationUnit))
    }

    /// The whole blocks of `range` were released.
    mutating func release(_ range: Range<Int64>) { touches.addRelease(range) }

    /// Everything from `offset` on was moved.
    mutating func touchEverything(from offset: Int64) {
        touches.add(from: max(0, offset - allocationUnit), unit: allocationUnit)
    }

    // MARK: Backups

    private mutating func backUp() {
        guard backups.count < Self.mostBackups else { return }
        backupsMade += 1
        let backup = Backup(path: "\(path).backup\(backupsMade)", contents: contents)
        TestFile(backup.path).become(copyOf: file)
        backups.append(backup)
    }

    private mutating func removeBackup() {
        guard let index = backups.indices.randomElement(using: &random) else { return }
        remove(backups.remove(at: index))
    }

    private func remove(_ backup: Backup) {
        // What a deleted file shared is shared no more some time later, what a shortened one did at once.
        TestFile(backup.path).truncate(to: 0)
        unlink(backup.path)
    }

    /// Removes it with its backups.
    mutating func remove() {
        for backup in backups { remove(backup) }
        backups = []
        file.truncate(to: 0)
        unlink(path)
    }

    // MARK: Comparing

    /// Reads a part, in one of three ways.
    private mutating func read(near place: Int64?) throws {
        let way = Int.random(in: 0..<3, using: &random)
        let range = randomRange(unit: way == 0 ? 512 : 1, near: place).clamped(to: 0..<contents.size)
        guard !range.isEmpty else { return }
        var fault: String?
        if way == 2 {
            file.withMapping(Int(contents.size)) { memory in
                let part = memory[Int(range.lowerBound)..<Int(range.upperBound)]
                fault = contents.fault(in: UnsafeRawBufferPointer(rebasing: part), at: range.lowerBound)
            }
        } else {
            withUnsafeTemporaryAllocation(byteCount: range.count + 512, alignment: 4096) { buffer in
                // A direct read is of whole sectors, also at the end.
                let wanted = way == 0 ? (range.count + 511) / 512 * 512 : range.count
                let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted])
                let count =
                    way == 0
                    ? direct.read(into: part, at: range.lowerBound)
                    : file.read(into: part, at: range.lowerBound)
                fault =
                    count < range.count
                    ? "only \(count) bytes at \(range.lowerBound)"
                    : contents.fault(
                        in: UnsafeRawBufferPointer(rebasing: part[..<count]), at: range.lowerBound)
            }
        }
        compared += range.count
        if let fault { throw Violation("while others used it, \(path): \(fault)") }
    }

    /// Reads all of it and of its backups, from the page cache and from the device.
    mutating func compare() throws {
        for pass in ["in memory", "on the device"] {
            if let fault = contents.fault(in: file) { throw Violation("\(path), \(pass): \(fault)") }
            compared += Int(contents.size)
            file.synchronize()
            file.dropCache()
            for backup in backups {
                let copy = TestFile(backup.path)
                if let fault = backup.contents.fault(in: copy) {
                    throw Violation("\(backup.path), \(pass): \(fault)")
                }
                compared += Int(backup.contents.size)
                copy.synchronize()
                copy.dropCache()
            }
        }
    }
}
