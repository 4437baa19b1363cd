import AMQP
import Contract

/// What reaches the coordinator from outside.
enum CoreInput: Sendable {
    /// A believed event of a host; its message's id, where it has to be recognised when it comes again, and what the broker
    /// waits for.
    case heard(HostName, HostEvent, id: String?, Settlement?)
    /// A message ended among the dead letters; the host whose task it was, if that may be believed.
    case dead(DeadLetter, HostName?, Settlement)
    /// What is not for us, or not to be believed, in words.
    case ignored(String, Settlement)
    /// A connection to the broker cannot be worked with (why, in words), or can again.
    case brokerAway(BrokerLink, String)
    case brokerBack(BrokerLink)
    /// Time has passed.
    case tick

    /// Lets the broker forget a message.
    struct Settlement: Sendable {
        let settle: @Sendable () -> Void
    }
}

/// What a message is recognised by.
struct SeenMessage: Hashable, Sendable {
    var source: String
    var id: String
}

extension CoreInput {
    /// Whether it says that time has passed.
    var isTick: Bool { if case .tick = self { true } else { false } }

    /// The message that brought it, where it has to be recognised when it comes again.
    var message: SeenMessage? {
        guard case .heard(let host, _, let id?, _) = self else { return nil }
        return SeenMessage(source: EventAddress.source(host), id: id)
    }

    /// What the broker waits for.
    var settlement: Settlement? {
        switch self {
        case .heard(_, _, _, let settlement): settlement
        case .dead(_, _, let settlement), .ignored(_, let settlement): settlement
        case .brokerAway, .brokerBack, .tick: nil
        }
    }
}
