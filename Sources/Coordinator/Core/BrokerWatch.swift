import AMQP
import BrokerKit
import Logging

/// Says when a connection to the broker, or a queue that it consumes, cannot be worked with, and when it can again.
struct BrokerWatch: Sendable {
    private let states: AsyncStream<ConnectionState>
    private let link: BrokerLink
    private let mailbox: Mailbox<CoreInput>
    /// What is published only while the connection has the lease; `nil` where it needs none.
    private let publications: Publications?
    private let lines: LinkLog

    /// Watches `connection` from now on: what it is told to consume later is not missed.
    init(
        connection: Connection, link: BrokerLink, mailbox: Mailbox<CoreInput>,
        publications: Publications? = nil, log: Logger
    ) {
        states = connection.states
        lines = LinkLog(
            connection, purpose: connection.name, ifNotConsuming: "it is declared again, and tried again",
            ifInUse: "another coordinator has it", log: log)
        (self.link, self.mailbox, self.publications) = (link, mailbox, publications)
    }

    /// Watches until cancelled, or the connection is closed.
    func run() async {
        var lines = lines
        for await state in states {
            lines.note(state)
            publications?.note(state)
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
            let dependency = Dependency(queue: queue)
            self = .away(dependency, dependency == .lease ? Lease.trouble(error) : "\(error)")
        default:
            switch LinkHealth.Change(state) {
            case .works?: self = .back(.link(link))
            case .fails(let why)?: self = .away(.link(link), why)
            case nil: return nil
            }
        }
    }
}
