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
        let place = Descriptor(
            owning: try openRepeatedly(base, path, clinux_open_path, resolve: resolve))
        let parent = folderPart(of: path)
        let folder = Descriptor(
            owning: try openRepeatedly(base, parent, clinux_open_directory, resolve: resolve))
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

    /// Opens the inode that was inspected, whatever is at its path by now.
    ///
    /// - Throws: ``SystemError`` of open(2): `EACCES`, `EPERM` (immutable or append-only), `EROFS`, `ETXTBSY`; `EAGAIN` while a
    ///   lease on it is being broken.
    public func open(_ access: File.Access) throws(SystemError) -> File {
        File(descriptor: try place.reopened(access), folder: try folder.duplicate())
    }
}

/// What of `path` leads to the folder of its last component. Bytes decide: a mark that combines with the slash before it makes
/// one `Character` with it.
private func folderPart(of path: String) -> String {
    path.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(decoding: path.utf8[...$0], as: UTF8.self) }
        ?? "."
}
