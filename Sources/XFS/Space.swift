import CLinux

/// What statfs(2) says about the file system of a file. On XFS a project quota shows as its size and free
/// space to a file in a folder that passes its project on.
public struct Space: Hashable, Sendable {
    /// Size in bytes.
    public let size: Int64
    /// Bytes that unprivileged users may still allocate.
    public let available: Int64
    /// Whether it is XFS.
    public let isXFS: Bool
    /// Whether it is mounted read-only.
    public let isReadOnly: Bool

    init(descriptor: CInt) throws(SystemError) {
        var raw = clinux_statfs()
        try system("statfs") { clinux_fstatfs(descriptor, &raw) }
        size = raw.size
        available = raw.available
        isXFS = raw.type == 0x5846_5342  // XFS_SUPER_MAGIC, linux/magic.h
        isReadOnly = raw.read_only != 0
    }
}
