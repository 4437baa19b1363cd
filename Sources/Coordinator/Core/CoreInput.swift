import AMQP
import BrokerKit
import Contract

/// What reaches the coordinator from outside.
enum CoreInput: Sendable {
    /// A believed event of a host; its message's id, where it has to be recognised when it comes again.
    case heard(HostName, HostEvent, id: String?, Receipt?)
    /// A message ended among the dead letters; the host whose task it was, if that may be believed.
    case dead(DeadLetter, HostName?, Receipt)
    /// A message that is not for us, or not to be believed.
    case refused(Complaint, Receipt)
    /// Messages that were not looked at, being beyond their sender's share.
    case dropped([Complaint.Subject: Int])
    /// Something that the core needs cannot be worked with (why, in words), or can again.
    case away(Dependency, String)
    case back(Dependency)
    /// A binding or queue of a host was deleted, in words.
    case lost(TopologyProblem.Part, of: HostName, String)
    /// Things at the broker that are not as they should be.
    case warnings([String])
    /// Time has passed.
    case tick

    /// A message that the broker waits to forget.
    struct Receipt: Sendable {
        /// The broker account that published it.
        var account: String?
        /// Lets the broker forget it.
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
    var receipt: Receipt? {
        switch self {
        case .heard(_, _, _, let receipt): receipt
        case .dead(_, _, let receipt), .refused(_, let receipt): receipt
        case .dropped, .away, .back, .lost, .warnings, .tick: nil
        }
    }
}
