public import AMQP

/// Whether a connection, and every consumer on it, works: what its states add up to.
public struct LinkHealth: Hashable, Sendable {
    /// What a state changes for everybody who needs the connection.
    public enum Change: Hashable, Sendable {
        case works
        /// With the reason, in words.
        case fails(String)

        /// `nil` for a state that changes nothing.
        public init?(_ state: ConnectionState) {
            switch state {
            case .connected, .unblocked: self = .works
            case .blocked(let reason): self = .fails("it takes no messages: \(reason)")
            case .disconnected(let error, _): self = .fails("\(error)")
            case .connecting, .consuming, .notConsuming, .offerRefused, .closed: return nil
            }
        }
    }

    /// Why the connection cannot be worked with, in words; `nil` while it can.
    public private(set) var trouble: String? = "not connected yet"
    /// The queues that are not consumed though the connection works, with what the broker says.
    public private(set) var notConsumed: [String: AMQPError] = [:]

    public init() {}

    /// Takes `state` in.
    public mutating func note(_ state: ConnectionState) {
        switch Change(state) {
        case .works?: trouble = nil
        case .fails(let why)?: trouble = why
        case nil: break
        }
        switch state {
        case .consuming(let queue): notConsumed[queue] = nil
        case .notConsuming(let queue, let error, _): notConsumed[queue] = error
        case .disconnected: notConsumed = [:]
        default: break
        }
    }
}

extension ConnectionState {
    /// The queue that a consumer has found missing, or was told that it is gone.
    var missingQueue: String? {
        guard case .notConsuming(let queue, let error, _) = self,
            [.notFound, .cancelled].contains(error.code)
        else { return nil }
        return queue
    }
}
