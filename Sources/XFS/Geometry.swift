import CLinux

/// Features and identity of an XFS file system, `XFS_IOC_FSGEOMETRY` (fs/xfs/libxfs/xfs_fs.h).
public struct Geometry: Hashable, Sendable {
    /// Bytes of a block of the data device.
    public let blockSize: Int64
    /// Whether files can share blocks (`XFS_FSOP_GEOM_FLAGS_REFLINK`).
    public let hasReflink: Bool
    /// The file system's UUID, in lower case with hyphens.
    public let uuid: String

    init(descriptor: CInt) throws(SystemError) {
        var raw = clinux_geometry()
        try system("XFS_IOC_FSGEOMETRY") { clinux_geometry(descriptor, &raw) }
        blockSize = Int64(raw.block_size)
        hasReflink = raw.flags & (1 << 20) != 0
        uuid = withUnsafeBytes(of: raw.uuid) { Geometry.text($0) }
    }

    private static func text(_ bytes: UnsafeRawBufferPointer) -> String {
        var text = ""
        for (index, byte) in bytes.enumerated() {
            if [4, 6, 8, 10].contains(index) { text += "-" }
            text += (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }
        return text
    }
}
