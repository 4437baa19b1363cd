import CLinux

/// Pages of a file mapped to have them read into the page cache, mmap(2). Nobody looks at the memory itself: the
/// file may shrink at any time, and a touch beyond its end would be a deadly signal (`SIGBUS`).
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

    /// Has the kernel start reading `part`, relative to the mapping's start: madvise(2) `MADV_WILLNEED`.
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

    deinit {
        _ = clinux_unmap(address, length)
    }
}
