import AMQP
import BrokerKit
import Logging

/// Says when a connection to the broker, or a queue that it consumes, cannot be worked with, and when it can again.
struct BrokerWatch: Sendable {
    let connection: Connection
    let link: BrokerLink
    let mailbox: Mailbox<CoreInput>
    let log: Logger

    /// Watches until cancelled, or the connection is closed.
    func run() async {
        var lines = LinkLog(
            connection, purpose: connection.name, ifNotConsuming: "it is declared again, and tried again",
            ifInUse: "another coordinator has it", log: log)
        for await state in connection.states {
            lines.note(state)
            if let input = CoreInput(state, of: link) { mailbox.put(input) }
        }
    }
}

extension CoreInput {
    /// What the state of a connection means for the core; `nil` for nothing.
    init?(_ state: ConnectionState, of link: BrokerLink) {
        switch state {
        case .consuming(let queue): self = .back(Dependency(queue: queue))
        case .notConsuming(let queue, let error, _):
            self = .away(Dependency(queue: queue), "\(error)")
        default:
            switch LinkHealth.Change(state) {
            case .works?: self = .back(.link(link))
            case .fails(let why)?: self = .away(.link(link), why)
            case nil: return nil
            }
        }
    }
}
