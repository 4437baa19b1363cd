import XFS

/// What of a window is to be read into the page cache before any lock is taken.
struct ReadAhead {
    private let range: Range<Int64>
    /// Its extents in the order of the device, in which they are read faster than in that of the file.
    private let pieces: [Extent]

    /// Prepares to read `range`, whose extents are `map`.
    init(_ range: Range<Int64>, map: [Extent]) {
        self.range = range
        pieces = map.filter { $0.state == .written }.sorted { $0.physical < $1.physical }
    }

    /// Begins to read it from `file`; `nil` where that is not possible. Errors are left for the unshare to report: the file
    /// may have shrunk, or the kernel may be too old (Linux 5.14) to wait for pages without touching them.
    func begin(from file: borrowing XFS.File) -> Reading? {
        guard let window = try? MappedWindow(range, of: file) else { return nil }
        return Reading(window, range, pieces: pieces)
    }
}

/// Reads a window through the memory map and not by read(2), step by step.
struct Reading: ~Copyable {
    /// The parts that were not in the page cache before.
    let absent: [Range<Int64>]
    private let window: MappedWindow
    private let range: Range<Int64>
    private let pieces: [Extent]
    /// The next piece to ask for, and from where on to wait.
    private var next = 0
    private var position: Int64

    /// Bytes of a step.
    private static let step: Int64 = 1 << 20
    /// Bytes asked for in one call; the kernel reads no more than a device's largest request.
    private static let request: Int64 = 128 << 10

    fileprivate init(_ window: consuming MappedWindow, _ range: Range<Int64>, pieces: [Extent]) {
        absent = window.absentParts()
        self.window = window
        self.range = range
        self.pieces = pieces
        position = range.lowerBound
    }

    /// Makes the kernel start to read some pieces, which waits where its queue is full; after the last, waits for some of
    /// what was asked for. False when all has been read.
    mutating func step() -> Bool {
        if next < pieces.count {
            ask()
            return true
        }
        guard position < range.upperBound else { return false }
        let end = min(position + Self.step, range.upperBound)
        defer { position = end }
        return window.finishReading(position..<end)
    }

    private mutating func ask() {
        var asked: Int64 = 0
        while next < pieces.count, asked < Self.step {
            let piece = pieces[next]
            next += 1
            asked += piece.length
            for offset in stride(from: piece.offset, to: piece.end, by: Int(Self.request)) {
                window.startReading(offset..<min(offset + Self.request, piece.end))
            }
        }
    }
}
