import AMQP
import BrokerKit

/// The coordinator's connections to the broker.
enum BrokerLink: Hashable, CaseIterable, Sendable {
    /// Publishes what is to be done.
    case publishing
    /// Brings what hosts say.
    case consuming
}

/// Says when a connection to the broker cannot be worked with, and when it can again.
struct BrokerWatch: Sendable {
    let connection: Connection
    let link: BrokerLink
    let mailbox: Mailbox<CoreInput>

    /// Watches until cancelled, or the connection is closed.
    func run() async {
        for await state in connection.states {
            if let input = CoreInput(state, of: link) { mailbox.put(input) }
        }
    }
}

extension CoreInput {
    /// What the state of a connection means for whoever waits for hosts; `nil` for nothing.
    init?(_ state: ConnectionState, of link: BrokerLink) {
        switch LinkHealth.Change(state) {
        case .works?: self = .brokerBack(link)
        case .fails(let why)?: self = .brokerAway(link, why)
        case nil: return nil
        }
    }
}
