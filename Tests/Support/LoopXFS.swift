import Glibc
import Synchronization

/// A real XFS in a sparse image file, mounted by a loop device that goes with the mount. Unmounted and removed when
/// it is closed or forgotten, and by ``RunFolder``'s janitor when the process dies.
public final class LoopXFS: Sendable {
    /// Where it is mounted.
    public let path: String
    /// The file that holds it.
    public let image: String
    private let folder: String
    private let isMounted = Mutex(false)

    /// Makes and mounts a file system.
    ///
    /// - Parameters:
    ///   - mebibytes: its size, at least 300.
    ///   - options: for mkfs.xfs, such as `-m reflink=0`.
    ///   - mountOptions: for mount, such as `prjquota`.
    /// - Throws: ``Tool/Failure`` of mkfs.xfs or mount.
    public init(mebibytes: Int = 1024, options: [String] = [], mountOptions: String = "defaults") throws {
        folder = try RunFolder.subfolder("xfs")
        path = folder + "/mount"
        image = folder + "/image"
        try Tool.run("truncate", "-s", "\(mebibytes)M", image)
        try Tool.run("sh", "-c", "mkfs.xfs -q \(options.joined(separator: " ")) '\(image)'")
        try Tool.run("mkdir", path)
        try mount(options: mountOptions)
    }

    deinit {
        close()
    }

    /// The path of `name` in it.
    public func file(_ name: String) -> String { path + "/" + name }

    /// Mounts it again after ``unmount()``.
    public func mount(options: String = "defaults") throws {
        try Tool.run("mount", "-t", "xfs", "-o", "loop,\(options)", image, path)
        isMounted.withLock { $0 = true }
    }

    /// Changes the mount's options, such as `ro`.
    public func remount(options: String) throws {
        try Tool.run("mount", "-o", "remount,\(options)", path)
    }

    /// Unmounts it.
    public func unmount() throws {
        try Tool.run("umount", path)
        isMounted.withLock { $0 = false }
    }

    /// Unmounts and mounts it again, which drops what copy-on-write had preallocated and not used.
    public func refresh() throws {
        try unmount()
        try mount()
    }

    /// Unmounts it and has `xfs_repair -n` find nothing wrong.
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

    /// Free bytes, once blocks of deleted files are back (XFS gives them back in the background).
    public func freeBytes() throws -> Int64 {
        try Tool.run("sync", "-f", path)
        var status = statvfs()
        guard statvfs(path, &status) == 0 else {
            throw Tool.Failure(description: "statvfs \(path): error \(errno)")
        }
        return Int64(status.f_bfree) * Int64(status.f_bsize)
    }
}
