import CLinux
import Glibc

/// Pages of a file, mapped to read them into the page cache, mmap(2). The memory itself is never accessed: the file may
/// shrink at any time, and an access beyond its end would be a fatal signal (`SIGBUS`).
///
/// Reading this way takes the file's I/O lock for no longer than a page needs; read(2) holds it for the whole
/// call and makes buffered writers wait.
public struct Mapping: ~Copyable {
    private let address: UnsafeMutableRawPointer
    private let length: Int

    /// Maps `range` of `file`; it starts at a page's boundary.
    ///
    /// - Throws: ``SystemError``: `ENOMEM`, `ENODEV`.
    public init(_ range: Range<Int64>, of file: borrowing File) throws(SystemError) {
        var mapped: UnsafeMutableRawPointer?
        let length = Int(range.upperBound - range.lowerBound)
        let number = file.descriptor.number
        try system("mmap") { clinux_map(number, range.lowerBound, length, &mapped) }
        guard let mapped else { throw SystemError(errno: 12, operation: "mmap") }
        self.address = mapped
        self.length = length
    }

    /// Makes the kernel start reading `part`, relative to the mapping's start: madvise(2) `MADV_WILLNEED`.
    public func startReading(_ part: Range<Int>) throws(SystemError) {
        try system("madvise") { clinux_will_need(address + part.lowerBound, part.count) }
    }

    /// Reads `part` and waits for it: madvise(2) `MADV_POPULATE_READ`.
    ///
    /// - Throws: ``SystemError``: `EFAULT` where the file has shrunk or the device cannot read, `EINVAL` before
    ///   Linux 5.14.
    public func finishReading(_ part: Range<Int>) throws(SystemError) {
        try system("madvise") { clinux_populate_read(address + part.lowerBound, part.count) }
    }

    /// Removes `part` from this process's page tables, madvise(2) `MADV_DONTNEED`: it stays in the page cache, but no longer
    /// counts towards this process's memory, and can be dropped from the cache.
    public func letGo(of part: Range<Int>) throws(SystemError) {
        try system("madvise") { clinux_unpopulate(address + part.lowerBound, part.count) }
    }

    /// Which of the mapped pages are in the page cache at this moment, mincore(2): an entry for each page, in order.
    ///
    /// - Throws: ``SystemError``: `EAGAIN`, `ENOMEM`.
    public func residency() throws(SystemError) -> [Bool] {
        var pages = [UInt8](repeating: 0, count: (length + Self.pageSize - 1) / Self.pageSize)
        try system("mincore") { clinux_residency(address, length, &pages) }
        return pages.map { $0 & 1 != 0 }
    }

    /// Bytes of a page of memory.
    public static let pageSize = Int(getpagesize())

    deinit {
        _ = clinux_unmap(address, length)
    }
}

extension File {
    /// Drops the pages of `range` from the page cache, posix_fadvise(2) `POSIX_FADV_DONTNEED`: those that are clean,
    /// not mapped and entirely within `range`. Dirty pages begin to be written back.
    public func dropPages(of range: Range<Int64>) throws(SystemError) {
        try system("fadvise") {
            clinux_drop_pages(descriptor.number, range.lowerBound, range.upperBound - range.lowerBound)
        }
    }
}
