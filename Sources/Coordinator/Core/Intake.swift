import AMQP
import BrokerKit
import Contract
import Foundation

/// Brings what the broker delivers into the core's mailbox.
struct Intake: Sendable {
    let connection: Connection
    let mail: HostMail
    let mailbox: Mailbox<CoreInput>
    let awaited: AwaitedTasks
    private let admission = Admission()
    /// Bounds what was received and is not acked yet: beside it, as much as the prefetch allows lies unread.
    private let budget = ByteBudget(16 << 20)

    init(
        connection: Connection, mail: HostMail, mailbox: Mailbox<CoreInput>, awaited: AwaitedTasks
    ) {
        self.connection = connection
        self.mail = mail
        self.mailbox = mailbox
        self.awaited = awaited
    }

    /// How often a queue is looked for: RabbitMQ does not always say that it was deleted.
    private static let checkInterval = Duration.seconds(4)

    /// What is consumed.
    enum Source: Hashable, Sendable {
        /// A queue that is there.
        case queue(String)
        /// States and progress of all hosts, of which only the latest counts: a queue that lives as long as it is consumed.
        case telemetry

        /// What the core needs.
        var dependency: Dependency {
            switch self {
            case .queue(let name): .queue(name)
            case .telemetry: .telemetry
            }
        }

        /// In words.
        var name: String {
            switch self {
            case .queue(let name): "the queue \(name)"
            case .telemetry: "what hosts say of themselves"
            }
        }

        /// Deliveries that may be unsettled at a time, of up to 1 MiB each.
        var prefetch: UInt16 { self == .queue(QueueName.dead) ? 16 : 64 }
    }

    /// Takes what comes, until cancelled.
    func take(from source: Source) async {
        for await delivery in deliveries(from: source) {
            if Task.isCancelled { break }
            let bytes = if case .complete(let body) = delivery.body { body.count } else { 0 }
            let sender = mail.sender(
                delivery.properties, routingKey: delivery.routingKey,
                isDead: delivery.exchange == ExchangeName.dead)
            guard isAdmitted(delivery, sender, bytes: bytes) == true else {
                delivery.ack()
                continue
            }
            await budget.reserve(bytes)
            // The broker may forget it once it is stored, or looked at. Its content is not held until then.
            let receipt = CoreInput.Receipt(account: sender.account) {
                [receipt = delivery.receipt, budget] in
                receipt.ack()
                budget.release(bytes)
            }
            switch mail.meaning(of: delivery, from: sender) {
            case .event(let host, let event, let id):
                // What is said again in seconds need not be recognised when it comes twice.
                mailbox.put(.heard(host, event, id: event.isAnswer ? id : nil, receipt))
            case .dead(let letter, let host): mailbox.put(.dead(letter, host, receipt))
            case .refused(let complaint): mailbox.put(.refused(complaint, receipt))
            }
        }
    }

    /// Lets nobody wait any more: nothing that was put into the mailbox is taken out.
    func close() { budget.close() }

    /// Whether a message is looked at; `nil` if it is for somebody else. Answers that were asked for always are, and what the broker
    /// itself has moved.
    private func isAdmitted(_ delivery: Delivery, _ sender: HostMail.Sender, bytes: Int) -> Bool? {
        guard !sender.isOwn else { return true }
        var share = Admission.Share.unasked
        if let host = sender.host, EventAddress.isAnswer(routingKey: delivery.routingKey) {
            let task = delivery.properties.correlationID
            // It is answered to somebody else, and no flood.
            if let task, awaited.isForeign(task) { return nil }
            if awaited.isAwaited(task, of: host) {
                guard task == nil else { return true }
                share = .unmarkedAnswers
            }
        }
        return admission.admits(sender, bytes: bytes, share, at: .now)
    }

    private func deliveries(from source: Source) -> Deliveries {
        switch source {
        case .queue(let name):
            return connection.consume(
                queue: name, prefetch: source.prefetch, checkedEvery: Self.checkInterval)
        case .telemetry:
            let (queue, bindings) = Topology.telemetryQueue()
            return connection.consume(declaring: queue, bindings: bindings, prefetch: source.prefetch)
        }
    }

    /// Says once a second that time has passed, and what was dropped meanwhile, until cancelled.
    func tick() async {
        while !Task.isCancelled {
            let dropped = admission.takeDropped()
            if !dropped.isEmpty { mailbox.put(.dropped(dropped)) }
            admission.forgetSilent(at: .now)
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

extension EventAddress {
    /// Whether a routing key is that of an answer to a task.
    fileprivate static func isAnswer(routingKey: String) -> Bool {
        let type = routingKey.drop { $0 != "." }
        return type.hasPrefix(".reflow.slice.") || type.hasPrefix(".reflow.survey.")
    }
}
