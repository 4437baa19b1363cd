import CLinux
import Glibc

/// An open regular file on XFS and the folder that it was found in. It is closed when it goes out of scope.
///
/// Each method is one system call. Offsets and lengths are bytes.
public struct File: ~Copyable, Sendable {
    let descriptor: Descriptor
    /// Where a ``Scratch`` can be made: on the same mount, as FICLONERANGE wanted it before Linux 5.19.
    let folder: Descriptor

    /// What a file is opened for.
    public enum Access: Sendable {
        /// To read its map.
        case readOnly
        /// To clone from it and unshare it.
        case readWrite
    }

    init(descriptor: consuming Descriptor, folder: consuming Descriptor) {
        self.descriptor = descriptor
        self.folder = folder
    }

    /// The same open file again, with an owner of its own, fcntl(2) `F_DUPFD_CLOEXEC`: for another thread.
    ///
    /// - Throws: ``SystemError``: `EMFILE`.
    public func duplicate() throws(SystemError) -> File {
        File(descriptor: try descriptor.duplicate(), folder: try folder.duplicate())
    }

    /// The same file, opened again for `access`, whatever is at its path by now.
    ///
    /// - Throws: ``SystemError`` of open(2): `EACCES`, `EPERM`, `EROFS`, `ETXTBSY`.
    public func reopened(_ access: Access) throws(SystemError) -> File {
        File(descriptor: try descriptor.reopened(access), folder: try folder.duplicate())
    }

    /// fstat(2).
    public func status() throws(SystemError) -> FileStatus {
        try FileStatus(descriptor: descriptor.number)
    }

    /// statfs(2) of the file system that holds it.
    public func space() throws(SystemError) -> Space {
        try Space(descriptor: descriptor.number)
    }

    /// Flags and hints, `FS_IOC_FSGETXATTR` (ioctl_xfs_fsgetxattr(2)).
    public func attributes() throws(SystemError) -> FileAttributes {
        try FileAttributes(descriptor: descriptor.number)
    }

    /// Features and identity of the file system, `XFS_IOC_FSGEOMETRY` (ioctl_xfs_fsgeometry(2)).
    public func geometry() throws(SystemError) -> Geometry {
        try Geometry(descriptor: descriptor.number)
    }

    /// Rewrites `range` into newly allocated space wherever it is shared: fallocate(2) with
    /// `FALLOC_FL_UNSHARE_RANGE`. Never changes the size. The file is locked until the data are on the device.
    ///
    /// XFS also allocates what is a hole within `range`, as preallocation: pass written extents only.
    ///
    /// - Throws: ``SystemError``: `ENOSPC` and `EDQUOT` (a part may be done), `EIO`, `ETXTBSY` (swap file).
    public func unshare(_ range: Range<Int64>) throws(SystemError) {
        try system("unshare") {
            clinux_unshare(descriptor.number, range.lowerBound, range.upperBound - range.lowerBound)
        }
    }

    /// Makes data and the map durable, fdatasync(2).
    public func synchronizeData() throws(SystemError) {
        try system("fdatasync") { clinux_fdatasync(descriptor.number) }
    }

    /// Writes the dirty pages of `range` to their place on the device, and waits for that, sync_file_range(2). What is
    /// copied on write is in its new place then. Not durable: the device may still hold it in a cache.
    ///
    /// - Throws: ``SystemError``: `EIO`, `ENOSPC`.
    public func writeBack(_ range: Range<Int64>) throws(SystemError) {
        try system("sync_file_range") {
            clinux_write_back(descriptor.number, range.lowerBound, range.upperBound - range.lowerBound)
        }
    }

    /// Whether the kernel permits changes of the file's allocation, asked with a range that is past every limit: the answer to that comes after all other checks and changes nothing (vfs_fallocate, fs/open.c).
    ///
    /// - Throws: ``SystemError``: `ETXTBSY` for an active swap file, `EPERM` for an immutable one.
    public func checkAllocatable() throws(SystemError) {
        let result = clinux_unshare(descriptor.number, Int64.max, 4096)
        guard result == 0 || -result == EFBIG else {
            throw SystemError(errno: -result, operation: "fallocate")
        }
    }
}
