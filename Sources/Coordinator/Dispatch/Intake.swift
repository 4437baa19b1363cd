import AMQP
import BrokerKit
import Contract
import Foundation

/// Brings what the broker delivers into the core's mailbox.
struct Intake: Sendable {
    let connection: Connection
    let mail: HostMail
    let mailbox: Mailbox<Happening>

    /// Deliveries that may be unsettled at a time: as many can go into one transaction.
    static let prefetch: UInt16 = 500

    /// What is consumed.
    enum Source: Sendable {
        /// A queue that is there.
        case queue(String)
        /// States and progress of all hosts, of which only the latest counts: a queue that lives as long as we listen.
        case chatter
    }

    /// Takes what comes, until cancelled.
    func take(from source: Source) async {
        for await delivery in deliveries(from: source) {
            // The broker may forget it once it is stored, or looked at.
            let settlement = Happening.Settlement { delivery.ack() }
            switch mail.meaning(of: delivery) {
            case .event(let host, let event, let id):
                // What is said again in seconds need not be recognised when it comes twice.
                mailbox.put(.heard(host, event, id: event.isAnswer ? id : nil, settlement))
            case .dead(let letter, let host): mailbox.put(.dead(letter, host, settlement))
            case .ignored(let why): mailbox.put(.ignored(why, settlement))
            }
        }
    }

    private func deliveries(from source: Source) -> Deliveries {
        switch source {
        case .queue(let name):
            return connection.consume(queue: name, prefetch: Self.prefetch, checkedEvery: .seconds(4))
        case .chatter:
            let (queue, bindings) = Topology.telemetryQueue()
            return connection.consume(declaring: queue, bindings: bindings, prefetch: Self.prefetch)
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

extension HostEvent {
    /// Whether it answers a task, and counts once.
    fileprivate var isAnswer: Bool {
        switch self {
        case .surveyPage, .surveyFinished, .sliceFinished: true
        case .hostState, .progress, .unknown: false
        }
    }
}
