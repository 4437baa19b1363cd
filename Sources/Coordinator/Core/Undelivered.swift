import AMQP
import BrokerKit
import Contract

/// Sees to the coordinator's messages that found no queue, which the broker hands back by the alternate exchange: a host's binding or
/// queue was deleted.
struct Undelivered: Sendable {
    private let connection: Connection
    private let mailbox: Mailbox<CoreInput>
    private let mayPublish: @Sendable () -> Bool
    private let deliveries: AsyncStream<Delivery>
    private let continuation: AsyncStream<Delivery>.Continuation

    /// Seconds for which a message is tried to be sent again.
    private static let patience = Duration.seconds(10)

    /// Without the right to publish, as another coordinator may be at work, nothing is done.
    init(connection: Connection, mailbox: Mailbox<CoreInput>, mayPublish: @escaping @Sendable () -> Bool) {
        (self.connection, self.mailbox, self.mayPublish) = (connection, mailbox, mayPublish)
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
            guard mayPublish(), let host = HostName(delivery.routingKey),
                let (queue, binding) = Topology.bindings(of: host).first(where: {
                    $0.binding.exchange == delivery.exchange
                })
            else { continue }
            var part = TopologyProblem.Part.binding(queue: queue, exchange: binding.exchange)
            let isTask = delivery.exchange == ExchangeName.tasks
            var words =
                "the \(part) was missing: it is declared again"
                + (isTask ? ", and tasks that it lost are sent again" : "")
            var outcome = "bound"
            do {
                try await connection.bind(queue: queue, binding)
                if isTask, mayPublish(), let id = delivery.properties.messageID,
                    case .complete(let body) = delivery.body, !lastSent.contains(id)
                {
                    lastSent = lastSent.suffix(255) + [id]
                    try await connection.publish(
                        AMQP.Message(body: body, properties: delivery.properties),
                        exchange: delivery.exchange, routingKey: delivery.routingKey, within: Self.patience)
                }
            } catch let error as AMQPError where error.code == .notFound {
                part = .queue(queue)
                outcome = "no queue"
                words = "host \(host) has no \(part): run 'reflow provision --host \(host)'"
            } catch {
                // The rollout or survey that waits for the answer asks again.
                outcome = (error as? AMQPError)?.code.rawValue ?? "failed"
                words = "the \(part) is missing, and cannot be declared again: \(error)"
            }
            if repetitions.isDue(part, outcome, at: .now) != nil { mailbox.put(.lost(part, of: host, words)) }
        }
    }
}
