/// A bound of queues as the broker is told it from outside: arguments of a queue that exists cannot be changed, and an upgrade
/// must not meet a conflict. Of an argument and a policy the lesser bound counts.
public struct QueuePolicy: Hashable, Sendable {
    /// What a queue does at its bound. Where its arguments say something else, those count.
    public enum Overflow: String, Sendable {
        /// The publisher is told, and tries again.
        case rejectPublish = "reject-publish"
        /// The oldest go: for what is of use for a moment.
        case dropHead = "drop-head"
    }

    /// What the broker's listings call it.
    public let name: String
    /// A regular expression (PCRE) for the names of its queues.
    public let pattern: String
    /// Bound of all bodies together, an operator policy: no policy of somebody else takes it away.
    public let maxBytes: Int
    /// A policy, as RabbitMQ has no operator policy for it.
    public let overflow: Overflow?
    /// How often a message may come back unacked before it is dropped (quorum queues), a policy.
    public let deliveryLimit: Int?

    init(
        _ name: String, _ pattern: String, maxBytes: Int, overflow: Overflow? = nil, deliveryLimit: Int? = nil
    ) {
        self.name = name
        self.pattern = pattern
        self.maxBytes = maxBytes
        self.overflow = overflow
        self.deliveryLimit = deliveryLimit
    }

    /// The same with another bound.
    public func bounded(to maxBytes: Int) -> QueuePolicy {
        QueuePolicy(name, pattern, maxBytes: maxBytes, overflow: overflow, deliveryLimit: deliveryLimit)
    }
}

extension Topology {
    /// The bounds of all queues, so that none fills the broker's disk, and none loses what must not be lost.
    ///
    /// RabbitMQ 4 drops what came back 20 times from quorum queues that say nothing else. The coordinator never gives an answer
    /// or a dead letter back, but each of its restarts does so with all it had not stored yet. 3.10 knows no `-1` for no limit.
    public static let policies = [
        QueuePolicy(
            "reflow-answers", #"^reflow\.coordinator$"#, maxBytes: 256 << 20, overflow: .rejectPublish,
            deliveryLimit: 1_000_000),
        QueuePolicy(
            "reflow-dead", #"^reflow\.dead$"#, maxBytes: 64 << 20, overflow: .rejectPublish,
            deliveryLimit: 1_000_000),
        QueuePolicy("reflow-tasks", #"^reflow\.tasks\."#, maxBytes: 16 << 20, overflow: .rejectPublish),
        QueuePolicy("reflow-control", #"^reflow\.control\."#, maxBytes: 1 << 20, overflow: .dropHead),
        QueuePolicy(
            "reflow-telemetry", #"^reflow\.coordinator\.chatter\."#, maxBytes: 64 << 20, overflow: .dropHead),
        QueuePolicy("reflow-unroutable", #"^reflow\.unroutable$"#, maxBytes: 64 << 20, overflow: .dropHead),
        // A publisher's message is refused where one of its queues refuses it: a job must not hold up the coordinator's answers.
        QueuePolicy("reflow-job", #"^reflow\.job\."#, maxBytes: 256 << 20, overflow: .dropHead),
    ]
}
