import XFS

/// Brings a window into the page cache before any lock is taken, through the memory map and not by read(2).
struct ReadAhead {
    /// What is to be read.
    let range: Range<Int64>
    /// Its extents in the order of the device, in which they are read faster than in that of the file.
    private let pieces: [Extent]

    /// Bytes between two questions whether to continue.
    private static let step: Int64 = 1 << 20
    /// Bytes asked for in one call; the kernel reads no more than a device's largest request.
    private static let request: Int64 = 128 << 10

    /// Prepares to read `range`, whose extents are `map`.
    init(_ range: Range<Int64>, map: [Extent]) {
        self.range = range
        pieces = map.filter { $0.state == .written }.sorted { $0.physical < $1.physical }
    }

    /// Reads the range. Errors are left for the unshare to report: the file may have shrunk, or the kernel may be too old
    /// (Linux 5.14) to wait for pages without touching them.
    ///
    /// - Parameters:
    ///   - file: which file.
    ///   - absent: gets the parts that were not in the page cache before, however this ends.
    ///   - pause: is called between steps; what it throws ends the reading.
    func read(
        from file: borrowing XFS.File, absent: inout [Range<Int64>], pause: () throws -> Void
    ) rethrows {
        guard let window = try? MappedWindow(range, of: file) else { return }
        absent = window.absentParts()
        try ask(window, pause)
        try finish(window, pause)
    }

    /// Makes the kernel start to read all pieces; waits where its queue is full.
    private func ask(_ window: borrowing MappedWindow, _ pause: () throws -> Void) rethrows {
        var asked: Int64 = 0
        for piece in pieces {
            for offset in stride(from: piece.offset, to: piece.end, by: Int(Self.request)) {
                window.startReading(offset..<min(offset + Self.request, piece.end))
            }
            asked += piece.length
            guard asked >= Self.step else { continue }
            asked = 0
            try pause()
        }
    }

    /// Waits until all has been read.
    private func finish(_ window: borrowing MappedWindow, _ pause: () throws -> Void) rethrows {
        for offset in stride(from: range.lowerBound, to: range.upperBound, by: Int(Self.step)) {
            try pause()
            guard window.finishReading(offset..<min(offset + Self.step, range.upperBound)) else { return }
        }
    }
}
