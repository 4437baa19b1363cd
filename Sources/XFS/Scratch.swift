import CLinux

/// A nameless file (`O_TMPFILE`) that keeps the old blocks of a range alive while the file gets new ones. The
/// kernel frees it and them when it is closed, however the process ends.
public struct Scratch: ~Copyable, Sendable {
    private let descriptor: Descriptor
    private let blockSize: Int64
    /// Where the next clone goes. Clones are appended and never overwrite each other: replacing blocks would happen under
    /// the source's lock.
    private var end: Int64 = 0

    /// A scratch file beside `file`, on the same mount.
    ///
    /// - Throws: ``SystemError`` of open(2): `EACCES` when the folder is not writable, `EROFS`, `ENOSPC`,
    ///   `EDQUOT`.
    public init(beside file: borrowing File, blockSize: Int64) throws(SystemError) {
        let folder = file.folder.number
        descriptor = Descriptor(
            owning: try system("open scratch file", on: .folder) { clinux_open_tmpfile(folder) })
        self.blockSize = blockSize
    }

    /// Whether it keeps nothing.
    public var isEmpty: Bool { end == 0 }

    /// Shares the blocks of `range` of `file` with this file, `FICLONERANGE` (ioctl_ficlonerange(2)). The file is
    /// locked meanwhile, and its dirty pages in `range` are written back.
    ///
    /// `range` starts at a block's boundary, and ends at one or at the end of the file exactly: the kernel takes
    /// no other length (generic_remap_checks, fs/remap_range.c).
    ///
    /// - Throws: ``SystemError``: `EINVAL` when the file's end has moved, `ENOSPC`, `EDQUOT`, `EIO`,
    ///   `ETXTBSY` (swap file).
    public mutating func keep(_ range: Range<Int64>, of file: borrowing File) throws(SystemError) {
        let length = range.upperBound - range.lowerBound
        let source = file.descriptor.number
        try system("clone", on: .scratch) {
            clinux_clone_range(
                source, UInt64(range.lowerBound), UInt64(length), descriptor.number, UInt64(end))
        }
        end += (length + blockSize - 1) / blockSize * blockSize
    }

    /// Whether the first block kept is the one that `file` has at `offset`: then the two share it. Nothing else can write to
    /// this file, so the block is shared for as long as `file` keeps it.
    ///
    /// - Throws: ``SystemError`` of ioctl_fiemap(2).
    public func sharesFirstBlock(with file: borrowing File, at offset: Int64) throws(SystemError) -> Bool {
        func place(_ descriptor: borrowing Descriptor, _ offset: Int64) throws(SystemError) -> Int64? {
            var map = MapCursor(offset..<offset + blockSize, batch: 1)
            guard let record = try map.next(of: descriptor), record.state == .written else { return nil }
            return record.offset == offset ? record.physical : nil
        }
        guard let kept = try place(descriptor, 0) else { return false }
        return try place(file.descriptor, offset) == kept
    }

    /// Makes durable all changes of the file system before this one, and all data that was written back: changes this file and
    /// calls fsync(2), which writes the journal up to that change and flushes the device. Unlike an fsync of the source it writes
    /// none of the pages that others have dirtied.
    ///
    /// - Throws: ``SystemError``: `EIO`.
    public func synchronize() throws(SystemError) {
        try system("synchronize scratch file", on: .scratch) { clinux_touch(descriptor.number) }
        try system("synchronize scratch file", on: .scratch) { clinux_fsync(descriptor.number) }
    }

    /// Keeps the blocks until this process ends, also when this value is gone.
    ///
    /// - Throws: ``SystemError``: `EMFILE`.
    public func keepForProcess() throws(SystemError) {
        try descriptor.duplicate().keepForProcess()
    }

    /// Releases all kept blocks, ftruncate(2).
    public mutating func release() throws(SystemError) {
        try system("release scratch file", on: .scratch) { clinux_ftruncate(descriptor.number, 0) }
        end = 0
    }
}
