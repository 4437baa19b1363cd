import Contract
import Rollout
import Synchronization

/// Decides which messages are looked at: what a sender says beyond its fair share is dropped before it is decoded, and counted.
/// So a flood of one host costs the others little.
final class Admission: Sendable {
    /// What a sender may say in a second, and at once after a silence.
    struct Share: Hashable, Sendable {
        var bytes: TokenBucket.Rate
        var messages: TokenBucket.Rate

        /// Of what nobody asked for: a host's state every 10 s and its progress every second are some 2 KiB each.
        static let unasked = Share(
            bytes: .init(perSecond: 262_144, burst: 4_194_304), messages: .init(perSecond: 50, burst: 500))
        /// Of answers that do not say to what (before contract 1.2), while something is asked of the host: a survey of 20,000
        /// files is some 20 MB.
        static let unmarkedAnswers = Share(
            bytes: .init(perSecond: 8_388_608, burst: 67_108_864),
            messages: .init(perSecond: 1000, burst: 5000))
    }

    private struct Key: Hashable {
        var sender: HostMail.Sender
        var share: Share
    }

    private struct Buckets {
        var bytes: TokenBucket
        var messages: TokenBucket
    }

    private struct State {
        var buckets: [Key: Buckets] = [:]
        var dropped: [Complaint.Subject: Int] = [:]
    }

    private let state = Mutex(State())

    /// Whether a message of `bytes` is looked at.
    func admits(_ sender: HostMail.Sender, bytes: Int, _ share: Share, at now: ContinuousClock.Instant)
        -> Bool
    {
        let key = Key(sender: sender, share: share)
        return state.withLock { state in
            var buckets =
                state.buckets[key]
                ?? Buckets(
                    bytes: TokenBucket(share.bytes, at: now), messages: TokenBucket(share.messages, at: now))
            let isAdmitted = buckets.messages.has(1, at: now) && buckets.bytes.has(bytes, at: now)
            if isAdmitted {
                buckets.messages.take(1)
                buckets.bytes.take(bytes)
            } else {
                let subject = Complaint.Subject(
                    account: sender.account, host: sender.host, kind: .overShare)
                state.dropped[subject, default: 0] += 1
            }
            state.buckets[key] = buckets
            return isAdmitted
        }
    }

    /// Messages that were dropped since this was last asked.
    func takeDropped() -> [Complaint.Subject: Int] {
        state.withLock { state in
            defer { state.dropped = [:] }
            return state.dropped
        }
    }

    /// Forgets those who have been silent for so long that their shares are whole again.
    func forgetSilent(at now: ContinuousClock.Instant) {
        state.withLock { state in
            state.buckets = state.buckets.filter {
                !$0.value.bytes.isFull(at: now) || !$0.value.messages.isFull(at: now)
            }
        }
    }
}

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
