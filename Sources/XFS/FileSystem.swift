import CLinux
import Glibc

/// Identity and space of the XFS file system at a path.
public struct FileSystem: Hashable, Sendable {
    /// Its features and UUID.
    public let geometry: Geometry
    /// Its size and free space.
    public let space: Space

    /// The file system that holds `path`, a file or folder that can be read.
    ///
    /// - Throws: ``SystemError``: `ENOTTY` when it is not XFS, and those of open(2). Blocks for no longer than
    ///   statfs(2) does, even when the file system is frozen.
    public init(at path: String) throws(SystemError) {
        let descriptor = Descriptor(
            owning: try system("open '\(path)'", on: .path) {
                clinux_openat2(AT_FDCWD, path, UInt64(clinux_reopen_read_only), 0)
            })
        let space = try Space(descriptor: descriptor.number)
        guard space.isXFS else { throw SystemError(errno: ENOTTY, operation: "'\(path)' is not on XFS") }
        self.space = space
        self.geometry = try Geometry(descriptor: descriptor.number)
    }
}

extension File {
    /// Whether its file system has shut down (xfs(5)): all it does is answer `EIO` until it is mounted anew. Asks for an attribute, which
    /// the kernel refuses then.
    public var hasShutDown: Bool {
        do throws(SystemError) {
            _ = try extendedAttribute("user.reflow")
            return false
        } catch {
            return error.errno == EIO
        }
    }
}
