import CGuest
import Glibc
import Synchronization

/// A real XFS in a sparse image file, mounted by a loop device that is released with the mount. Unmounted and removed
/// when it is closed or deinitialised, and by ``RunFolder``'s janitor when the process dies.
public final class LoopXFS: Sendable {
    /// Where it is mounted.
    public let path: String
    /// The file that holds it.
    public let image: String
    /// Whether its device goes past the page cache of what holds the image.
    private let isDirect: Bool
    private let mountOptions: String
    private let folder: String
    private let isMounted = Mutex(false)

    /// Makes and mounts a file system.
    ///
    /// - Parameters:
    ///   - mebibytes: its size, at least 300.
    ///   - options: for mkfs.xfs, such as `-m reflink=0`.
    ///   - mountOptions: for mount, such as `prjquota`.
    /// - Throws: ``Tool/Failure`` of mkfs.xfs or mount.
    public convenience init(
        mebibytes: Int = 1024, options: [String] = [], mountOptions: String = "defaults"
    ) throws {
        let folder = try RunFolder.subfolder("xfs")
        try self.init(
            folder: folder, image: folder + "/image", mebibytes: mebibytes, options: options,
            mountOptions: mountOptions, isDirect: false)
    }

    /// Makes and mounts a file system in the new file `image`, which may lie in another one; or mounts the one that
    /// is there, unless `mebibytes` is given. The file stays when this is closed. With `isDirect` its device goes
    /// past the page cache of what holds the image.
    public convenience init(
        image: String, mebibytes: Int? = nil, options: [String] = [], mountOptions: String = "defaults",
        isDirect: Bool = false
    ) throws {
        try self.init(
            folder: try RunFolder.subfolder("xfs"), image: image, mebibytes: mebibytes, options: options,
            mountOptions: mountOptions, isDirect: isDirect)
    }

    private init(
        folder: String, image: String, mebibytes: Int?, options: [String], mountOptions: String,
        isDirect: Bool
    ) throws {
        self.folder = folder
        self.image = image
        self.isDirect = isDirect
        self.mountOptions = mountOptions
        path = folder + "/mount"
        if let mebibytes {
            try Tool.run("truncate", "-s", "\(mebibytes)M", image)
            try Tool.run("sh", "-c", "mkfs.xfs -q \(options.joined(separator: " ")) '\(image)'")
        }
        try Tool.run("mkdir", path)
        try mount()
    }

    deinit {
        close()
    }

    /// The path of `name` in it.
    public func file(_ name: String) -> String { path + "/" + name }

    /// Mounts it again after ``unmount()``, with the same options.
    public func mount() throws {
        // Not by `mount -o loop`: that would reuse the device of the mount before, if another process still has it open.
        let find = ["losetup", "--find", "--show"] + (isDirect ? ["--direct-io=on"] : []) + [image]
        let device = String(try Tool.run(find).prefix { $0 != "\n" })
        // Detached once it is mounted, the device goes with the mount.
        defer { _ = try? Tool.run("losetup", "--detach", device) }
        try Tool.run("mount", "-t", "xfs", "-o", mountOptions, device, path)
        isMounted.withLock { $0 = true }
    }

    /// Changes the mount's options, such as `ro`.
    public func remount(options: String) throws {
        try onceNotBusy("mount", "-o", "remount,\(options)", path)
    }

    /// Unmounts it.
    public func unmount() throws {
        try onceNotBusy("umount", path)
        isMounted.withLock { $0 = false }
    }

    /// Runs `command`, and repeats it while the file system is busy: a program that another test starts at this moment has a
    /// copy of every open file until its exec.
    private func onceNotBusy(_ command: String...) throws {
        for _ in 0..<100 {
            do { try Tool.run(command) } catch let failure as Tool.Failure
                where failure.description.contains("busy")
            {
                usleep(50_000)
                continue
            }
            return
        }
        try Tool.run(command)
    }

    /// Unmounts and mounts it again, which drops what copy-on-write had preallocated and not used.
    public func refresh() throws {
        // Another mount namespace may keep the file system mounted: it must not write any more.
        try remount(options: "ro")
        try unmount()
        try mount()
    }

    /// Unmounts it after it has shut itself down, and mounts it again, which replays its journal.
    public func recover() throws {
        try unmount()
        try mount()
    }

    /// Unmounts it and checks it with `xfs_repair -n`.
    ///
    /// - Throws: ``Tool/Failure`` with what it found.
    public func unmountAndCheck() throws {
        // Another mount namespace made meanwhile may keep the file system mounted: it must not write any more.
        try remount(options: "ro")
        try unmount()
        try Tool.run("xfs_repair", "-n", image)
    }

    /// Unmounts and removes everything.
    public func close() {
        if isMounted.withLock({ $0 }), (try? unmount()) == nil {
            _ = try? Tool.run("umount", "-l", path)
        }
        _ = try? Tool.run("rm", "-rf", "--one-file-system", folder)
    }

    /// Free bytes, once blocks of deleted files are released (XFS does that in the background).
    public func freeBytes() throws -> Int64 {
        try Tool.run("sync", "-f", path)
        let status = try status()
        return Int64(status.f_bfree) * Int64(status.f_bsize)
    }

    /// Inodes in use. Those of deleted files, also of files that never had a name, are released in the background;
    /// asking waits for what has begun.
    public func usedInodes() throws -> Int {
        try Tool.run("sync", "-f", path)
        let status = try status()
        return Int(status.f_files) - Int(status.f_ffree)
    }

    /// Makes the file system release what it has preallocated, behind the ends of files and for
    /// copy-on-write. It skips files that are being written.
    public func dropPreallocation() throws {
        try Tool.run("sync", "-f", path)
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        defer { Glibc.close(descriptor) }
        let result = cguest_drop_preallocation(descriptor)
        guard result == 0 else {
            throw Tool.Failure(description: "dropping the preallocation of \(path): error \(-result)")
        }
    }

    private func status() throws -> statvfs {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else {
            throw Tool.Failure(description: "statvfs \(path): error \(errno)")
        }
        return status
    }
}
