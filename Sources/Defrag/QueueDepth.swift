import DefragTypes

/// How many of our reads may be in flight at the device at once, so that others' I/O hardly waits behind them.
///
/// As TCP Vegas finds its window: what a read takes longer than the fastest one, it has waited in a queue. The depth
/// doubles, and later grows by one, as long as that stays well below the aim, and halves above it. So it is at its bound on
/// a device that serves many at once, however far away that is, and one on a slow disk.
struct QueueDepth: Hashable {
    /// One of so many of all requests is a read of ours at the most: what a window that is being closed writes meanwhile has as
    /// many, and half of them stay for others.
    private static let share = 4
    /// More than that make no device faster.
    private static let ceiling = 64

    /// Never more.
    let most: Int
    private(set) var depth: Int
    private var isDoubling = true
    private var fastest: Duration?

    /// A depth for a device that takes `requests` at once; a guess where that is not known.
    init(requests: Int? = nil) {
        most = max(1, min((requests ?? Self.ceiling) / Self.share, Self.ceiling))
        depth = min(4, most)
    }

    /// Learns from a read that took `latency`, and was asked for when the depth was `asked`. Others' may wait for `aim`.
    mutating func learn(_ latency: Duration, asked: Int, aim: Duration) {
        let fastest = min(fastest ?? latency, latency)
        self.fastest = fastest
        let queued = latency - fastest
        if queued > aim {
            isDoubling = false
            depth = min(depth, max(1, asked / 2))
        } else if queued < aim / 2, asked >= depth {
            depth = min(most, isDoubling ? 2 * depth : depth + 1)
        }
    }
}

extension Policy {
    /// How long others' I/O may wait behind ours at the device: a guest that has waited for a lock waits there next.
    var mostQueueing: Duration { maxPause / 4 }
}
