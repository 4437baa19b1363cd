import AMQP
import BrokerKit
import Contract

/// Sees to the coordinator's messages that found no queue, which the broker hands back by the alternate exchange: a host's binding or
/// queue was deleted.
struct Undelivered: Sendable {
    private let connection: Connection
    private let mailbox: Mailbox<CoreInput>
    private let deliveries: AsyncStream<Delivery>
    private let continuation: AsyncStream<Delivery>.Continuation

    init(connection: Connection, mailbox: Mailbox<CoreInput>) {
        (self.connection, self.mailbox) = (connection, mailbox)
        (deliveries, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(1000))
    }

    /// Whether a delivery is a message to a host that found no queue.
    static func isUndelivered(_ delivery: Delivery) -> Bool {
        [ExchangeName.tasks, ExchangeName.control].contains(delivery.exchange)
    }

    /// Has `delivery` seen to, in time.
    func add(_ delivery: Delivery) { continuation.yield(delivery) }

    /// Binds hosts' queues again, and sends their tasks again, once each, until cancelled. Desired states the core sends again itself
    /// to those who are behind.
    func run() async {
        var repetitions = Repetitions<TopologyProblem.Part>()
        var lastSent: [String] = []
        for await delivery in deliveries {
            guard let host = HostName(delivery.routingKey),
                let (queue, binding) = Topology.bindings(of: host).first(where: {
                    $0.binding.exchange == delivery.exchange
                })
            else { continue }
            var part = TopologyProblem.Part.binding(queue: queue, exchange: binding.exchange)
            var words = "the \(part) was missing: it is declared again, and tasks that it lost are sent again"
            do {
                try await connection.bind(queue: queue, binding)
                if delivery.exchange == ExchangeName.tasks, let id = delivery.properties.messageID,
                    case .complete(let body) = delivery.body, !lastSent.contains(id)
                {
                    lastSent = lastSent.suffix(255) + [id]
                    try await connection.publish(
                        AMQP.Message(body: body, properties: delivery.properties),
                        exchange: delivery.exchange, routingKey: delivery.routingKey)
                }
            } catch let error as AMQPError where error.code == .notFound {
                part = .queue(queue)
                words = "host \(host) has no \(part): run 'reflow provision --host \(host)'"
            } catch {
                // Whoever waits for the answer asks again.
                words = "the \(part) is missing, and cannot be declared again: \(error)"
            }
            if repetitions.isDue(part, "", at: .now) != nil { mailbox.put(.lost(part, of: host, words)) }
        }
    }
}
