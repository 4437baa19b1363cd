import AMQP
import Contract

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

    /// Publishes a trifle every few seconds, until cancelled.
    ///
    /// A broker that is short of memory or disk reads nothing more from publishers, and tells those that publish: hosts cannot
    /// say that they live then, and a coordinator that waits for their answers has nothing to publish and would not hear of it.
    /// (rabbit_reader, `publish_received`.)
    func probe() async {
        // Nobody is bound to it: what is published is gone.
        let exchange = ExchangeDefinition("reflow.probe", .fanout, isDurable: false)
        var probing: Task<Void, Never>?
        defer { probing?.cancel() }
        for await state in connection.states {
            switch state {
            case .connected:
                probing?.cancel()
                probing = Task {
                    guard (try? await connection.declare(exchange)) != nil else { return }
                    while (try? await Task.sleep(for: .seconds(5))) != nil {
                        connection.offer(
                            AMQP.Message(body: []), key: "probe", exchange: exchange.name, routingKey: "")
                    }
                }
            // The latter where the account may not do it, for example.
            case .disconnected, .offerRefused: probing?.cancel()
            default: break
            }
        }
    }
}

extension CoreInput {
    /// What the state of a connection means for whoever waits for hosts; `nil` for nothing.
    init?(_ state: ConnectionState, of link: BrokerLink) {
        switch state {
        case .connected, .unblocked: self = .brokerBack(link)
        case .blocked(let reason): self = .brokerAway(link, "it takes no messages: \(reason)")
        case .disconnected(let error, _): self = .brokerAway(link, "\(error)")
        case .connecting, .consuming, .notConsuming, .offerRefused, .closed: return nil
        }
    }
}
