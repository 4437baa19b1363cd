/// A call of the application that waits for an outcome.
typealias WaiterID = UInt64
/// A subscription of the application, for as long as it lasts.
typealias ConsumerID = UInt64
/// One opening of a consumer's channel. Delivery tags mean something within one only.
typealias Incarnation = UInt64

/// A moment, of a clock that nobody sets.
typealias Instant = ContinuousClock.Instant

/// What the state machines want done.
enum Action: Hashable, Sendable {
    /// Send it to the broker.
    case send(Outbound)
    /// Let a waiting call of the application go on.
    case settle(WaiterID, Result<Reply, AMQPError>)
    /// Hand a message to a consumer.
    case deliver(ConsumerID, Incarnation, ContentAssembler.Content)
    /// The consumer's deliveries can be settled from now on.
    case opened(ConsumerID, Incarnation)
    /// They cannot any more: forget those not handed over.
    case retired(ConsumerID, Incarnation)
    /// The consumer has ended.
    case ended(ConsumerID)
    /// Tell the application.
    case report(ConnectionState)
    /// Drop the connection.
    case disconnect(AMQPError)
}

/// What becomes of a delivery.
enum Settlement: Hashable, Sendable {
    case ack
    case reject(requeue: Bool)
}

/// Counts failures, for a pause that grows.
struct Pace {
    private let backoff: Backoff
    private var failures = 0
    private var goodSince: Instant?

    init(_ backoff: Backoff) {
        self.backoff = backoff
    }

    /// So long a success has to last.
    private static let lasting = Duration.seconds(5)

    /// It works. Only when that has lasted are the failures before it forgotten: a broker that accepts and
    /// drops at once is not to be hammered.
    mutating func succeeded(at now: Instant) {
        goodSince = now
    }

    /// It failed; returns the pause before the next attempt.
    mutating func failed(at now: Instant, random: Double) -> Duration {
        if let since = goodSince, now - since >= min(backoff.maximum, Self.lasting) { failures = 0 }
        goodSince = nil
        defer { failures += 1 }
        return backoff.delay(attempt: failures, random: random)
    }
}
