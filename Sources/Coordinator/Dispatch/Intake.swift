import AMQP
import Contract
import Foundation

/// Brings what the broker delivers into the core's mailbox.
struct Intake: Sendable {
    let connection: Connection
    let mail: HostMail
    let mailbox: Mailbox<Happening>

    /// Deliveries that may be unsettled at a time: as many can go into one transaction.
    static let prefetch: UInt16 = 500

    /// The durable queue of answers, and the dead letters.
    func answers(from queue: String) async {
        for await delivery in connection.consume(queue: queue, prefetch: Self.prefetch) {
            take(delivery, settle: true)
        }
    }

    /// States and progress of all hosts, of which only the latest counts: a queue that lives as long as we listen.
    func chatter() async {
        let queue = QueueDefinition.temporary(
            "reflow.coordinator.chatter.\(newMessageID())",
            arguments: ["x-max-length": 100_000, "x-overflow": "drop-head"])
        let bindings = ["*.reflow.host.state", "*.reflow.progress"].map {
            Binding(exchange: ExchangeName.events, routingKey: $0)
        }
        let deliveries = connection.consume(declaring: queue, bindings: bindings, prefetch: Self.prefetch)
        for await delivery in deliveries {
            // What is said again in seconds need not survive us.
            delivery.ack()
            take(delivery, settle: false)
        }
    }

    private func take(_ delivery: Delivery, settle: Bool) {
        let settlement = Happening.Settlement { if settle { delivery.ack() } }
        switch mail.meaning(of: delivery) {
        case .event(let host, let event, let id):
            mailbox.put(.heard(host, event, id: settle ? id : nil, settle ? settlement : nil))
        case .dead(let letter): mailbox.put(.dead(letter, settlement))
        case .ignored(let why): mailbox.put(.ignored(why, settlement))
        }
    }

    /// Says when the broker goes and comes back.
    func watchBroker() async {
        var isAway = false
        for await state in connection.states {
            switch state {
            case .disconnected(let error, _):
                if !isAway { mailbox.put(.brokerAway("\(error)")) }
                isAway = true
            case .connected:
                isAway = false
                mailbox.put(.brokerBack)
            default: break
            }
        }
    }

    /// Says once a second that time has passed, until cancelled.
    func tick() async {
        while !Task.isCancelled {
            mailbox.put(.tick)
            guard (try? await Task.sleep(for: .seconds(1))) != nil else { return }
        }
    }
}
