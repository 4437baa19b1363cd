import XFS

/// Brings a window into the page cache before any lock is taken, through the memory map and not by read(2).
///
/// Its pages are left to the kernel to drop: which of them were there before, for others, is not looked at (that would
/// take cachestat(2), Linux 6.5).
enum ReadAhead {
    /// Bytes asked for at once; the next step is under way while one is waited for.
    private static let step: Int64 = 1 << 20

    /// Reads `range`. `goOn` is asked between steps. Errors are left for the unshare to report: the file may have
    /// shrunk, or the kernel may be too old (Linux 5.14) to wait for pages without touching them.
    static func read(_ range: Range<Int64>, of file: borrowing XFS.File, goOn: () -> Bool) {
        let page: Int64 = 64 << 10  // a multiple of every page size
        let start = range.lowerBound / page * page
        let length = Int(range.upperBound - start)
        guard let mapping = try? Mapping(start..<range.upperBound, of: file) else { return }
        func part(_ offset: Int) -> Range<Int>? {
            offset < length ? offset..<min(offset + Int(step), length) : nil
        }
        var offset = Int(range.lowerBound - start) / Int(page) * Int(page)
        if let first = part(offset) { try? mapping.startReading(first) }
        while let current = part(offset), goOn() {
            if let next = part(current.upperBound) { try? mapping.startReading(next) }
            guard (try? mapping.finishReading(current)) != nil else { return }
            offset = current.upperBound
        }
    }
}
