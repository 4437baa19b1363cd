import CLinux
import Glibc

/// What fstat(2) says about a file.
public struct FileStatus: Hashable, Sendable {
    /// Inode number.
    public let inode: UInt64
    /// Device number of the file system.
    public let device: UInt64
    /// Apparent size in bytes.
    public let size: Int64
    /// Allocated bytes: data, preallocation beyond the end, and what the copy-on-write fork holds.
    public let allocated: Int64
    /// Number of links; 0 once the last one is removed and only open descriptors keep the file.
    public let links: UInt64
    /// What kind of file it is.
    public let kind: Kind
    /// User ID of its owner.
    public let owner: UInt32

    /// Kinds of files, inode(7).
    public enum Kind: Hashable, Sendable {
        /// A regular file.
        case regular
        /// A directory.
        case directory
        /// A symbolic link.
        case symbolicLink
        /// A device, FIFO or socket.
        case special
    }

    init(descriptor: CInt) throws(SystemError) {
        var raw = clinux_stat()
        try system("fstat") { clinux_fstat(descriptor, &raw) }
        inode = raw.inode
        device = raw.device
        size = raw.size
        allocated = raw.allocated
        links = raw.links
        owner = raw.owner
        kind = Kind(mode: raw.mode)
    }

    /// Number of the device as `/proc/self/mountinfo` and sysfs have it, `major:minor`; see makedev(3).
    public var deviceName: String {
        let major = (device >> 8 & 0xFFF) | (device >> 32 & ~0xFFF)
        let minor = (device & 0xFF) | (device >> 12 & 0xFFFF_FF00)
        return "\(major):\(minor)"
    }
}

extension FileStatus.Kind {
    init(mode: mode_t) {
        self =
            switch mode & S_IFMT {
            case S_IFREG: .regular
            case S_IFDIR: .directory
            case S_IFLNK: .symbolicLink
            default: .special
            }
    }
}
