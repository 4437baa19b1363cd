import CLinux
import Glibc

/// A file without a name (`O_TMPFILE`), for measurements of the file system; it and its blocks are released when it is
/// closed, however the process ends. Offsets and lengths are bytes.
public struct UnnamedFile: ~Copyable, Sendable {
    private let descriptor: Descriptor

    /// A new, empty file in `folder`. Waits while the file system is frozen.
    ///
    /// - Throws: ``SystemError`` of open(2): `EACCES` when the folder is not writable, `EROFS`, `ENOSPC`, `EDQUOT`.
    public init(in folder: borrowing Folder) throws(SystemError) {
        let number = folder.descriptor.number
        descriptor = Descriptor(
            owning: try system("open scratch file", on: .folder) { clinux_open_tmpfile(number) })
    }

    /// Block size and features of its file system.
    public func geometry() throws(SystemError) -> Geometry {
        try Geometry(descriptor: descriptor.number)
    }

    /// Writes `bytes` at `offset`, pwrite(2).
    ///
    /// - Throws: ``SystemError``: `ENOSPC`, `EDQUOT`, `EIO`; `EIO` also where only a part was written.
    public func write(_ bytes: [UInt8], at offset: Int64) throws(SystemError) {
        let written = try system("write scratch file", on: .scratch) {
            let count = pwrite(descriptor.number, bytes, bytes.count, Int(offset))
            return count < 0 ? -Glibc.errno : CInt(count)
        }
        guard written == bytes.count else {
            throw SystemError(errno: EIO, operation: "write scratch file", on: .scratch)
        }
    }

    /// fdatasync(2).
    public func synchronizeData() throws(SystemError) {
        try system("fdatasync", on: .scratch) { clinux_fdatasync(descriptor.number) }
    }

    /// Shares `range` of `source` at `offset` of this file, `FICLONERANGE`; all block-aligned.
    ///
    /// - Throws: ``SystemError``: `EOPNOTSUPP` without reflink, `ENOSPC`, `EDQUOT`, `EIO`.
    public func clone(_ range: Range<Int64>, of source: borrowing UnnamedFile, to offset: Int64)
        throws(SystemError)
    {
        let number = source.descriptor.number
        try system("clone", on: .scratch) {
            clinux_clone_range(
                number, UInt64(range.lowerBound), UInt64(range.upperBound - range.lowerBound),
                descriptor.number, UInt64(offset))
        }
    }

    /// Releases its blocks, ftruncate(2).
    public func release() throws(SystemError) {
        try system("release scratch file", on: .scratch) { clinux_ftruncate(descriptor.number, 0) }
    }
}
