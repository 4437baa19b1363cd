/// Tokens that come back with time.
struct TokenBucket: Hashable, Sendable {
    /// How many come back in a second, and how many there are at most.
    struct Rate: Hashable, Sendable {
        var perSecond: Double
        var burst: Double
    }

    private let rate: Rate
    private var tokens: Double
    private var filled: ContinuousClock.Instant

    /// A full one.
    init(_ rate: Rate, at now: ContinuousClock.Instant) {
        self.rate = rate
        tokens = rate.burst
        filled = now
    }

    /// Whether there are as many. More than fit are there when it is full.
    mutating func has(_ count: Int, at now: ContinuousClock.Instant) -> Bool {
        let seconds = filled.duration(to: now) / .seconds(1)
        tokens = min(rate.burst, tokens + max(0, seconds) * rate.perSecond)
        filled = now
        return tokens >= min(Double(count), rate.burst)
    }

    /// Takes some out.
    mutating func take(_ count: Int) { tokens -= Double(count) }

    /// Whether all have come back.
    func isFull(at now: ContinuousClock.Instant) -> Bool {
        tokens + (filled.duration(to: now) / .seconds(1)) * rate.perSecond >= rate.burst
    }
}
