import XFS

/// Brings a part of a file into the page cache before any lock is taken, through the memory map and not by read(2).
///
/// No more requests than the device's queue has room for are in flight at once. Errors are left for the unshare to report: the
/// file may have shrunk, or the kernel may be too old (Linux 5.14) to wait for pages without touching them.
struct ReadAhead: ~Copyable {
    /// The parts that were not in the page cache before.
    let absent: [Range<Int64>]
    private let window: MappedWindow
    private let range: Range<Int64>
    private var requests: [Request]
    /// The next request to be asked for, and the first that is not known to be done.
    private var next = 0
    private var oldest = 0
    /// Up to where everything is in memory, once all was asked for.
    private var position: Int64

    /// What is asked for at once; the kernel reads no more than a device's largest request.
    private static let mostBytes: Int64 = 128 << 10
    /// Bytes that are waited for at once in the end.
    private static let step: Int64 = 1 << 20
    /// How often a full queue is looked at while it drains. Those between are done, or nearly, when a later one is.
    private static let looks = 4

    private struct Request {
        let range: Range<Int64>
        var asked: (at: ContinuousClock.Instant, depth: Int)?
    }

    /// A read, waited for.
    struct Sample {
        let offset: Int64
        let latency: Duration
        /// How many requests could be in flight when it was asked for.
        let depth: Int
    }

    /// Prepares to read `range` of `file`, whose extents are `map`; `nil` where that is not possible.
    init?(_ range: Range<Int64>, map: [Extent], of file: borrowing XFS.File) {
        guard let window = try? MappedWindow(range, of: file) else { return nil }
        let absent = window.absentParts()
        self.absent = absent
        self.window = window
        self.range = range
        position = range.lowerBound
        requests = Self.requests(for: absent, map: map)
    }

    /// What to ask for: the written parts of `absent`, in the order of the device, in which they are read faster than in that
    /// of the file.
    private static func requests(for absent: [Range<Int64>], map: [Extent]) -> [Request] {
        var requests: [(physical: Int64, range: Range<Int64>)] = []
        var parts = absent[...]
        for extent in map where extent.state == .written {
            while let part = parts.first, part.upperBound <= extent.offset { parts.removeFirst() }
            for part in parts {
                guard part.lowerBound < extent.end else { break }
                let wanted = part.clamped(to: extent.offset..<extent.end)
                for start in stride(from: wanted.lowerBound, to: wanted.upperBound, by: Int(mostBytes)) {
                    requests.append(
                        (
                            extent.physical + start - extent.offset,
                            start..<min(start + mostBytes, wanted.upperBound)
                        ))
                }
            }
        }
        return requests.sorted { $0.physical < $1.physical }.map { Request(range: $0.range) }
    }

    /// Nobody has looked for a while: of what was asked for before, nobody knows how long it took.
    mutating func lookedAway() {
        for index in oldest..<next { requests[index].asked = nil }
    }

    /// Asks for as much as may be in flight with `depth`, and waits for some of it.
    ///
    /// - Returns: false when all is in memory; and the read that was waited for, if there was one.
    mutating func advance(depth: Int) -> (isUnderWay: Bool, sample: Sample?) {
        while next < requests.count, next - oldest < depth {
            requests[next].asked = (.now, depth)
            window.startReading(requests[next].range)
            next += 1
        }
        if oldest < requests.count {
            // The last of some: those before it have been served, or are about to be.
            oldest = min(oldest + max(1, depth / Self.looks), next)
            let request = requests[oldest - 1]
            let isRead = window.finishReading(request.range)
            guard let asked = request.asked, isRead else { return (true, nil) }
            return (
                true,
                Sample(
                    offset: request.range.lowerBound, latency: .now - asked.at, depth: asked.depth)
            )
        }
        guard position < range.upperBound else { return (false, nil) }
        let end = min(position + Self.step, range.upperBound)
        defer { position = end }
        return (window.finishReading(position..<end), nil)
    }
}
