/// Whether the two ends of a connection still hear each other: heartbeats, and a peer that takes nothing any more.
struct Liveness {
    /// What both sides agreed on; zero turns heartbeats off.
    private let interval: Duration
    /// How long the peer may be silent.
    private let silence: Duration
    private let endpoint: String
    private var lastSent: Instant
    private var lastReceived: Instant
    /// Since when something waits to be sent and the socket takes nothing.
    private var stalledSince: Instant?

    init(interval: Duration, endpoint: String, at now: Instant) {
        self.interval = interval
        silence = interval * 2
        self.endpoint = endpoint
        lastSent = now
        lastReceived = now
    }

    /// How long a socket may take nothing: as long as the peer may be silent.
    private var patience: Duration { interval == .zero ? .seconds(30) : silence }

    mutating func received(at now: Instant) {
        lastReceived = now
    }

    mutating func sent(at now: Instant) {
        lastSent = now
        stalledSince = nil
    }

    /// There was something to send, and the socket took nothing. Not to be called while the broker has said that it
    /// reads nothing: it is alive then, as its heartbeats show.
    mutating func stalled(at now: Instant) {
        stalledSince = stalledSince ?? now
    }

    /// Nothing waits to be sent, or the broker is excused.
    mutating func idle() {
        stalledSince = nil
    }

    /// Twice an interval, as the broker expects it.
    func isHeartbeatDue(at now: Instant) -> Bool {
        interval > .zero && now >= lastSent + interval / 2
    }

    /// Why the peer must be given up, if it must.
    func failure(at now: Instant) -> AMQPError? {
        if interval > .zero, now >= lastReceived + silence {
            return AMQPError(.unreachable, "\(endpoint) has been silent for two heartbeats (\(silence))")
        }
        if let since = stalledSince, now >= since + patience {
            return AMQPError(.unreachable, "\(endpoint) has read nothing for \(patience)")
        }
        return nil
    }

    /// When one of the answers above may change. A heartbeat that is due already waits for the socket
    /// (`isWaitingToWrite`), not for the clock.
    func deadline(isWaitingToWrite: Bool) -> Instant? {
        var moments: [Instant] = []
        if interval > .zero {
            moments.append(lastReceived + silence)
            if !isWaitingToWrite { moments.append(lastSent + interval / 2) }
        }
        if let stalledSince { moments.append(stalledSince + patience) }
        return moments.min()
    }
}
