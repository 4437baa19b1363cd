import CLinux
import Glibc

/// A place in the file system that is inspected before it is opened: an `O_PATH` descriptor of what is there (opening a
/// device or a FIFO for reading could already have effects) and of the folder that holds it.
public struct Location: ~Copyable, Sendable {
    private let place: Descriptor
    private let folder: Descriptor

    /// What is at `path`. A symbolic link as the last component is not followed; others are.
    ///
    /// - Throws: ``SystemError`` of openat2(2): `ENOENT`, `ENOTDIR`, `EACCES`, `ELOOP`, `ENAMETOOLONG`.
    public init(path: String) throws(SystemError) {
        try self.init(from: AT_FDCWD, path: path, resolve: 0)
    }

    /// What is at `relative` beneath the folder `root`: a path from the network. `..`, symbolic links and anything else
    /// that could lead out of `root` fail.
    ///
    /// - Throws: ``SystemError`` of openat2(2): `EXDEV` for a path that leads out of `root`, `ELOOP` for a
    ///   symbolic link on the way, otherwise as ``init(path:)``.
    public init(beneath root: String, relative: String) throws(SystemError) {
        let base = Descriptor(
            owning: try system("open '\(root)'", on: .path) {
                clinux_openat2(AT_FDCWD, root, clinux_open_directory, 0)
            })
        try self.init(from: base.number, path: relative, resolve: clinux_resolve_beneath)
    }

    private init(from base: CInt, path: String, resolve: UInt64) throws(SystemError) {
        // A zero byte would cut the path short in C.
        guard !path.utf8.contains(0) else { throw SystemError(errno: ENOENT, operation: "open", on: .path) }
        func open(_ path: String, _ flags: UInt64) throws(SystemError) -> CInt {
            // openat2 answers EAGAIN when a rename raced with a walk that must stay beneath its root.
            for _ in 0..<32 {
                do throws(SystemError) {
                    return try system("open", on: .path) {
                        clinux_openat2(base, path, flags, resolve)
                    }
                } catch  where error.errno == EAGAIN {
                    continue
                }
            }
            throw SystemError(errno: EAGAIN, operation: "open", on: .path)
        }
        let place = Descriptor(owning: try open(path, clinux_open_path))
        let parent = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        let folder = Descriptor(owning: try open(parent, clinux_open_directory))
        self.place = place
        self.folder = folder
    }

    /// fstat(2) of what is here.
    public func status() throws(SystemError) -> FileStatus {
        try FileStatus(descriptor: place.number)
    }

    /// statfs(2) of the file system that holds it.
    public func space() throws(SystemError) -> Space {
        try Space(descriptor: place.number)
    }

    /// Flags, hints and file system of a regular file, which is opened for reading meanwhile: this shows why a file
    /// cannot be opened for writing.
    ///
    /// - Throws: ``SystemError``: `EACCES`, `ENOTTY` when it is not on XFS.
    public func inspect() throws(SystemError) -> (attributes: FileAttributes, geometry: Geometry) {
        let number = place.number
        let file = Descriptor(owning: try system("open") { clinux_reopen(number, clinux_reopen_read_only) })
        return (try FileAttributes(descriptor: file.number), try Geometry(descriptor: file.number))
    }

    /// Opens the inode that was inspected, whatever is at its path by now.
    ///
    /// - Throws: ``SystemError`` of open(2): `EACCES`, `EPERM` (immutable or append-only), `EROFS`, `ETXTBSY`.
    public consuming func open(_ access: File.Access) throws(SystemError) -> File {
        let number = place.number
        let flags = access == .readWrite ? clinux_reopen_read_write : clinux_reopen_read_only
        let descriptor = Descriptor(owning: try system("open") { clinux_reopen(number, flags) })
        return File(descriptor: descriptor, folder: folder)
    }
}
