import CLinux
import Glibc

/// Flags and hints of a file, `FS_IOC_FSGETXATTR` (struct fsxattr, linux/fs.h).
public struct FileAttributes: Hashable, Sendable {
    /// The flags.
    public let flags: Flags
    /// Allocation size hint in bytes; zero without one. Any hint turns delayed allocation off.
    public let extentSizeHint: Int64
    /// Allocation size hint of the copy-on-write fork in bytes; zero for the default (128 KiB).
    public let cowExtentSizeHint: Int64

    /// `FS_XFLAG_*`.
    public struct Flags: OptionSet, Hashable, Sendable {
        public let rawValue: UInt32
        public init(rawValue: UInt32) { self.rawValue = rawValue }

        /// Data on the realtime device.
        public static let realtime = Flags(rawValue: 0x1)
        /// Some allocation was made with fallocate(2).
        public static let preallocated = Flags(rawValue: 0x2)
        /// Cannot be modified.
        public static let immutable = Flags(rawValue: 0x8)
        /// Can only be appended to.
        public static let appendOnly = Flags(rawValue: 0x10)
        /// New files in the folder are ``realtime``.
        public static let realtimeInherited = Flags(rawValue: 0x100)
        /// ``FileAttributes/extentSizeHint`` is in force for this file.
        public static let extentSizeHint = Flags(rawValue: 0x800)
        /// Must not be defragmented.
        public static let noDefrag = Flags(rawValue: 0x2000)
        /// Accessed without the page cache: by its own flag, or by the mount's (`dax=always`).
        public static let dax = Flags(rawValue: 0x8000)
        /// ``FileAttributes/cowExtentSizeHint`` is in force for this file.
        public static let cowExtentSizeHint = Flags(rawValue: 0x10000)
    }

    /// Bytes that XFS allocates at least at once, and aligned, where a shared block is written: the larger of the
    /// hints, or 32 blocks (xfs_get_cowextsz_hint, fs/xfs/xfs_inode.c).
    public func cowAllocationUnit(blockSize: Int64) -> Int64 {
        let hint = max(extentSizeHint, cowExtentSizeHint)
        return hint > 0 ? hint : 32 * blockSize
    }

    init(descriptor: CInt) throws(SystemError) {
        var raw = clinux_fsxattr()
        try system("FS_IOC_FSGETXATTR") { clinux_fsgetxattr(descriptor, &raw) }
        let isDirect = clinux_is_dax(descriptor) > 0
        flags = Flags(rawValue: raw.xflags).union(isDirect ? .dax : [])
        extentSizeHint = Int64(raw.extsize)
        cowExtentSizeHint = Int64(raw.cowextsize)
    }
}

extension FileAttributes {
    /// Makes the calling thread, and those that it starts, unable to set or clear ``Flags/immutable`` and ``Flags/appendOnly``,
    /// capabilities(7): a call that sets a hint writes all flags, and must not undo a `chattr +i` of the moment before. Then it
    /// fails with `EPERM`.
    public static func leaveImmutabilityAlone() {
        _ = clinux_drop_linux_immutable()
    }
}

extension File {
    /// Sets the allocation size hint of the copy-on-write fork, in bytes and a multiple of the block size; zero for the
    /// default. Everything else that `FS_IOC_FSSETXATTR` sets is read just before and stays as it is; the call has no narrower
    /// form, so what others change in that moment is lost, but see ``FileAttributes/leaveImmutabilityAlone()``. Nothing is written if the hint is set already. Done when the call
    /// returns, durable when the file system's journal is written next.
    ///
    /// - Throws: ``SystemError``: `EPERM` for processes that are not the owner and lack `CAP_FOWNER`, `EINVAL` for a size that
    ///   XFS does not take, `EROFS`, `ENOSPC`.
    public func setCowExtentSizeHint(_ hint: Int64) throws(SystemError) {
        guard let bytes = UInt32(exactly: hint) else {
            throw SystemError(errno: EINVAL, operation: "FS_IOC_FSSETXATTR")
        }
        var raw = clinux_fsxattr()
        try system("FS_IOC_FSGETXATTR") { clinux_fsgetxattr(descriptor.number, &raw) }
        let flag = FileAttributes.Flags.cowExtentSizeHint.rawValue
        let flags = hint > 0 ? raw.xflags | flag : raw.xflags & ~flag
        guard (flags, bytes) != (raw.xflags, raw.cowextsize) else { return }
        (raw.xflags, raw.cowextsize) = (flags, bytes)
        try system("FS_IOC_FSSETXATTR") { clinux_fssetxattr(descriptor.number, &raw) }
    }
}
