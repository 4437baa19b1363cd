import CLinux
import Glibc

/// A folder on XFS in which an ``UnnamedFile`` can be made. Holding it blocks neither a remount nor a freeze.
public struct Folder: ~Copyable, Sendable {
    let descriptor: Descriptor

    init(descriptor: consuming Descriptor) {
        self.descriptor = descriptor
    }

    /// statfs(2) of the file system that holds it.
    public func space() throws(SystemError) -> Space {
        try Space(descriptor: descriptor.number)
    }
}

extension File {
    /// fstat(2) of the folder that the file was found in.
    public func folderStatus() throws(SystemError) -> FileStatus {
        try FileStatus(descriptor: folder.number)
    }

    /// Flags of the folder that the file was found in; `nil` where they may not be read.
    public func folderFlags() -> FileAttributes.Flags? {
        guard let folder = try? folder.reopened(.readOnly) else { return nil }
        return (try? FileAttributes(descriptor: folder.number))?.flags
    }

    /// The folder that the file was found in, independent of the file.
    ///
    /// - Throws: ``SystemError`` of openat2(2): `EACCES`, `EMFILE`.
    public func openFolder() throws(SystemError) -> Folder {
        let number = folder.number
        return Folder(
            descriptor: Descriptor(
                owning: try system("open folder", on: .folder) {
                    clinux_openat2(number, ".", clinux_open_directory, 0)
                }))
    }

    /// Whether this process may write to the file and make files beside it, without opening anything for writing:
    /// closing that would be an event for programs that watch the file (inotify(7), `IN_CLOSE_WRITE`).
    ///
    /// - Throws: ``SystemError`` of faccessat2(2) if it may not: `EACCES`, `EPERM` (immutable), `EROFS`. A kernel
    ///   without that call (before 5.8) is assumed to permit it.
    public func checkWritable() throws(SystemError) {
        for (number, subject) in [(descriptor.number, SystemError.Subject.file), (folder.number, .folder)] {
            let result = clinux_may_write(number)
            guard result == 0 || result == -ENOSYS || result == -EINVAL else {
                throw SystemError(errno: -result, operation: "access", on: subject)
            }
        }
    }
}
