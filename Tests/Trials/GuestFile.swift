import DefragTypes
import Support
import XFS

/// An image under a live load on a file system of its own, with backups that come and go.
final class GuestFile {
    let disk: LoopXFS
    let path: String
    let load: GuestLoad
    /// Hints that the file had before anybody touched it.
    private let hints: [Int64]
    private let booked: Int64
    private let inodes: Int
    private var backups: [String: String] = [:]
    private var backupsMade = 0

    /// Space that a file system may take for its own books meanwhile, in bytes: maps and free lists.
    private static let ownBooks: Int64 = 4 << 20

    /// Makes the image, `mebibytes` long; `copyOnWriteHint` is its owner's hint, zero for none.
    init(on disk: LoopXFS, mebibytes: Int, seed: UInt64, copyOnWriteHint: UInt32) throws {
        self.disk = disk
        path = disk.file("image")
        TestFile(path).setHints(extents: 0, copyOnWrite: copyOnWriteHint)
        load = GuestLoad(newFile: path, blocks: mebibytes << 20 / BlockLedger.block, seed: seed)
        try disk.dropPreallocation()
        booked = try Self.booked(disk, path)
        inodes = try disk.usedInodes()
        hints = try Self.hints(path)
    }

    /// Free space and what the file holds: constant except for books, whatever is written or discarded.
    private static func booked(_ disk: LoopXFS, _ path: String) throws -> Int64 {
        try disk.freeBytes() + Location(path: path).status().allocated
    }

    private static func hints(_ path: String) throws -> [Int64] {
        let attributes = try Location(path: path).open(.readOnly).attributes()
        return [attributes.extentSizeHint, attributes.cowExtentSizeHint]
    }

    /// Takes a backup and lets the guests break the file to pieces; `keep` backups stay.
    func age(keep: Int, writes: Int, pace: Duration) throws {
        try remove(backups: max(0, backups.count - keep + 1))
        backupsMade += 1
        let backup = disk.file("backup\(backupsMade)")
        try Tool.run("cp", "--reflink=always", path, backup)
        TestFile(backup).synchronize()
        backups[backup] = try checksum(backup)
        load.change(pace: .zero)
        load.waitForWrites(writes)
        load.change(pace: pace)
        if keep == 0 { try remove(backups: backups.count) }
    }

    /// Paths and checksums of the backups there are. They do not change.
    var expectedBackups: [String: String] { backups }

    /// Removes the oldest backups.
    func remove(backups count: Int) throws {
        for backup in backups.keys.sorted(by: { ($0.count, $0) < ($1.count, $1) }).prefix(count) {
            // What a deleted file shared is shared no more some time later, what a shortened one did at once.
            TestFile(backup).truncate(to: 0)
            try Tool.run("rm", backup)
            backups[backup] = nil
        }
    }

    /// Reads the file while the guests go on: nothing that was acknowledged may be missing at any time.
    func compareLive() throws {
        for direct in [false, true] {
            try Inspection.compare(
                path, with: load.ledger, floor: load.ledger.complete, ceiling: { self.load.ledger.started },
                direct: direct)
        }
    }

    /// Reads the file, while there are no writes, from the page cache and from the device, and the backups.
    func compareAtRest() throws {
        let versions = load.ledger.complete
        TestFile(path).synchronize()
        for pass in 0..<2 {
            try Inspection.compare(path, with: load.ledger, floor: versions, ceiling: { versions })
            if pass == 0 { TestFile(path).dropCache() }
        }
        for (backup, sum) in backups {
            try Inspection.promise(try checksum(backup) == sum, "\(backup) has changed")
        }
    }

    /// With the guests stopped: a run that ends normally leaves the file as it should be, and nothing behind.
    ///
    /// - Returns: what the run said.
    @discardableResult
    func inspect() async throws -> DefragResult {
        try compareAtRest()
        let result = try await WorkerRun.finish(["--duty", "100%", "--min-free", "0"], path: path)
        try compareAtRest()
        try Self.inspectTraces(path, hints: hints)
        try remove(backups: backups.count)
        try disk.refresh()
        let lost = booked - (try Self.booked(disk, path))
        try Inspection.promise(lost <= Self.ownBooks, "\(lost) bytes are gone from \(disk.path)")
        let left = try disk.usedInodes() - inodes
        try Inspection.promise(left <= 0, "\(left) scratch files are left on \(disk.path)")
        try disk.unmountAndCheck()
        try disk.mount()
        try compareAtRest()
        return result
    }

    /// The same of the copy of this file system that is mounted as `copy`.
    func inspectTraces(in copy: LoopXFS) throws {
        let path = copy.file("image")
        try Self.inspectTraces(path, hints: hints)
        for backup in try Tool.run("sh", "-c", "ls '\(copy.path)'/backup* 2> /dev/null || true").split(
            separator: "\n")
        {
            TestFile(String(backup)).truncate(to: 0)
            try Tool.run("rm", String(backup))
        }
        try copy.refresh()
        let lost = booked - (try Self.booked(copy, path))
        try Inspection.promise(lost <= Self.ownBooks, "\(lost) bytes are gone from \(copy.path)")
        let left = try copy.usedInodes() - inodes
        try Inspection.promise(left <= 0, "\(left) scratch files are left on \(copy.path)")
    }

    /// Whether the file at `path`, a copy of this one, has its owner's hints and no attributes.
    func hasNoTraces(_ path: String) throws -> Bool {
        try Self.hints(path) == hints && TestFile(path).attributeNames().isEmpty
    }

    private static func inspectTraces(_ path: String, hints expected: [Int64]) throws {
        let found = try hints(path)
        try Inspection.promise(
            found == expected,
            "\(path): the hints for extents and copy-on-write are \(found), were \(expected)")
        let names = TestFile(path).attributeNames()
        try Inspection.promise(names.isEmpty, "\(path) was left with the attributes \(names)")
    }
}
