import Support

/// A disk that can be cut off from power at any moment: an image file on a file system with reflinks, whose clone is
/// what the disk would hold then.
///
/// A clone of the image is taken under that file's lock, so it is one moment between two of the disk's writes, and it
/// holds at least what the disk has acknowledged. What it is *not* depends on ``Cache``.
final class PowerCutDisk {
    /// What the disk does with writes that were not flushed.
    enum Cache: String, CaseIterable, Sendable {
        /// Keeps them: a disk without a write cache, behind the page cache of the outer file system or past it.
        case none, noneDirect
        /// Loses them, except for some, in any order: the disk's image lies on another file system, whose page cache is the
        /// disk's cache, and it is *that* file system's disk that the power is cut off from.
        case volatile
    }

    /// The file system under test.
    let system: LoopXFS
    /// A clone and its original have the same UUID.
    private static let mountOptions = "nouuid"
    private let cache: Cache
    private let outer: LoopXFS
    private let middle: LoopXFS?
    private let mebibytes: Int

    /// A file system of `mebibytes` on a disk with `cache`.
    init(mebibytes: Int, cache: Cache) throws {
        self.cache = cache
        self.mebibytes = mebibytes
        outer = try LoopXFS(mebibytes: 4 * mebibytes + 512)
        switch cache {
        case .none, .noneDirect:
            middle = nil
            // With sectors of 4096 bytes: past the page cache, a file that shares blocks takes no smaller writes.
            system = try LoopXFS(
                image: outer.file("disk"), mebibytes: mebibytes, options: ["-s size=4096"],
                mountOptions: Self.mountOptions, isDirect: cache == .noneDirect)
        case .volatile:
            let middle = try LoopXFS(
                image: outer.file("disk"), mebibytes: mebibytes + 128, mountOptions: Self.mountOptions)
            self.middle = middle
            // Written as a whole: from now on the file system overwrites in place, as a disk does. A write that was
            // lost leaves what was there before.
            try Tool.run(
                "dd", "if=/dev/zero", "of=\(middle.file("disk"))", "bs=1M", "count=\(mebibytes)",
                "conv=fsync",
                "status=none")
            system = try LoopXFS(
                image: middle.file("disk"), mebibytes: mebibytes, mountOptions: Self.mountOptions)
            // Its superblocks must not be lost with the first cut.
            try Tool.run("sync", "-f", middle.path)
        }
    }

    /// Cuts the power now: the clone is made within this call. The system itself continues.
    func cut(_ random: inout Xorshift) throws -> Remains {
        if cache == .volatile, let middle {
            // Disks write what they hold in any order: some parts reach the platter before the cut.
            let disk = TestFile(middle.file("disk"))
            for _ in 0..<Int.random(in: 0...16, using: &random) {
                let start = Int64.random(in: 0..<Int64(mebibytes), using: &random) << 20
                disk.writeBack(start..<start + Int64.random(in: 1...64, using: &random) << 14)
            }
        }
        let copy = outer.file("copy")
        let clone = TestFile(copy)
        clone.become(copyOf: TestFile(outer.file("disk")))
        return Remains(image: copy, isNested: cache == .volatile)
    }

    func close() {
        system.close()
        middle?.close()
        outer.close()
    }

    /// What a disk holds after the cut.
    struct Remains {
        fileprivate let image: String
        fileprivate let isNested: Bool

        /// Mounts what is left, hands it to `body`, and has `xfs_repair -n` find nothing wrong.
        func use(_ body: (LoopXFS) async throws -> Void) async throws {
            defer { _ = try? Tool.run("rm", image) }
            if isNested {
                let middle = try LoopXFS(image: image, mountOptions: PowerCutDisk.mountOptions)
                defer { middle.close() }
                try await Remains(image: middle.file("disk"), isNested: false).use(body)
                return
            }
            let system = try LoopXFS(image: image, mountOptions: PowerCutDisk.mountOptions)
            defer { system.close() }
            try await body(system)
            try system.unmountAndCheck()
        }
    }
}
