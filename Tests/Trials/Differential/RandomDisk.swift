import Glibc
import Support
import XFS

/// A file system of some random making for many rounds, each of which leaves it as it was.
final class RandomDisk {
    let xfs: LoopXFS
    let blockSize: Int64
    /// Whether much of what is free is in pieces.
    let hasPieces: Bool
    /// What is in it beyond the rounds' own, and how much room there is.
    private let names: [String]
    private let free: Int64
    private let inodes: Int

    /// Space that a file system may take for its own books in a round, in bytes: maps and free lists.
    static let ownBooks: Int64 = 512 << 10
    /// The same over all rounds.
    private static let ownBooksInAll: Int64 = 4 << 20

    /// Makes and mounts it.
    init(seed: UInt64) throws {
        var random = Xorshift(seed: seed)
        var options: [String] = []
        func choose(_ values: [String]) {
            if let value = values.randomElement(using: &random), !value.isEmpty { options.append(value) }
        }
        // Blocks that are larger than a page: since Linux 6.12.
        let hasLargeBlocks = !KernelRelease.current.numbers.lexicographicallyPrecedes([6, 12])
        choose(["-b size=4096", "-b size=4096", "-b size=1024", "-b size=\(hasLargeBlocks ? 16384 : 2048)"])
        choose(["-m rmapbt=0", "-m rmapbt=1"])
        choose(["-d agcount=2", "-d agcount=4", "-d agcount=8", "-d agcount=4,su=64k,sw=4"])
        choose(["", "-m inobtcount=0", "-i nrext64=1", "-i sparse=0"])
        let mount = ["defaults", "defaults", "allocsize=64k", "wsync"].randomElement(using: &random)
        xfs = try LoopXFS(mebibytes: 1024, options: options, mountOptions: mount ?? "defaults")
        blockSize = try FileSystem(at: xfs.path).geometry.blockSize
        hasPieces = Bool.random(using: &random)
        if hasPieces { Self.puncture(xfs.file("aged"), &random) }
        try xfs.refresh()
        names = try Self.names(xfs)
        free = try xfs.freeBytes()
        inodes = try xfs.usedInodes()
        description = (options + ["-o \(mount ?? "")"]).joined(separator: " ")
    }

    /// The options that it was made and mounted with.
    let description: String

    /// A file of holes: what is free is in pieces, for a good part.
    private static func puncture(_ path: String, _ random: inout Xorshift) {
        let file = TestFile(path)
        let size: Int64 = 128 << 20
        file.preallocate(0..<size)
        let period = Int64(1) << Int64.random(in: 15...18, using: &random)
        for offset in stride(from: 0, to: size, by: Int(period)) {
            file.punch(offset..<offset + period / 2)
        }
        file.synchronize()
    }

    private static func names(_ xfs: LoopXFS) throws -> [String] {
        try Tool.run("ls", "-A", xfs.path).split(separator: "\n").map(String.init).sorted()
    }

    /// Leaves little more than `bytes` free, until ``makeRoom()``.
    func crowd(leaving bytes: Int64) throws {
        let path = xfs.file("filler")
        var length: Int64 = 0
        func excess() throws -> Int64 { try FileSystem(at: xfs.path).space.available - bytes }
        // By halves, as no single call gets nearly all that there is.
        while try excess() > 1 << 20 {
            let piece = try max(1 << 20, excess() / 2)
            let command = ["fallocate", "-o", "\(length)", "-l", "\(piece)", path]
            guard (try? Tool.run(command)) != nil else { break }
            length += piece
        }
    }

    /// Ends what ``crowd(leaving:)`` began, if that was.
    func makeRoom() throws {
        let path = xfs.file("filler")
        guard access(path, F_OK) == 0 else { return }
        TestFile(path).truncate(to: 0)
        unlink(path)
    }

    /// Whether a round, whose files are removed, has left nothing.
    func inspect() throws {
        try xfs.dropPreallocation()
        let found = try Self.names(xfs)
        try Inspection.promise(found == names, "files are left: \(found), were \(names)")
        let left = try xfs.usedInodes() - inodes
        try Inspection.promise(left <= 0, "\(left) scratch files are left")
        let lost = try free - xfs.freeBytes()
        try Inspection.promise(lost <= Self.ownBooksInAll, "\(lost) bytes are gone")
    }

    /// Has `xfs_repair -n` find nothing wrong, and removes it.
    func close() throws {
        try xfs.unmountAndCheck()
        xfs.close()
    }
}
