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
    /// Is told what comes, where its messages are among that.
    private let probe: RouteProbe?
    /// Is given what found no queue.
    private let undelivered: Undelivered?
    private let admission = Admission()
    /// Bounds what was read and is not acked yet; the connection bounds what is not read.
    private let budget = ByteBudget(16 << 20)

    init(
        connection: Connection, mail: HostMail, mailbox: Mailbox<CoreInput>, awaited: AwaitedTasks,
        probe: RouteProbe? = nil, undelivered: Undelivered? = nil
    ) {
        self.connection = connection
        self.mail = mail
        self.mailbox = mailbox
        self.awaited = awaited
        self.probe = probe
        self.undelivered = undelivered
    }

    /// How often a queue is looked for: RabbitMQ does not always say that it was deleted. And how long nobody waits for one that was
    /// deleted again and again.
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

        /// Its name, if it is one that is there.
        var queue: String? { if case .queue(let name) = self { name } else { nil } }

        /// In words.
        var name: String {
            switch self {
            case .queue(let name): "the queue \(name)"
            case .telemetry: "what hosts say of themselves"
            }
        }

        /// Deliveries that may be unsettled at a time: as many as make a batch cheap.
        var prefetch: UInt16 { 500 }
    }

    /// Takes what comes, until cancelled; only while the connection has `lease`, where there is one.
    func take(from source: Source, whileHolding lease: Deliveries?) async {
        for await delivery in deliveries(from: source, lease) {
            if Task.isCancelled { break }
            let bytes = if case .complete(let body) = delivery.body { body.count } else { 0 }
            let sender = mail.sender(
                delivery.properties, routingKey: delivery.routingKey,
                isDead: delivery.exchange == ExchangeName.dead)
            guard !Undelivered.isUndelivered(delivery) else {
                if sender.account == mail.ownUser { undelivered?.add(delivery) }
                delivery.ack()
                continue
            }
            let queue = source.queue
            if let queue { probe?.delivered(delivery.properties, of: queue) }
            let isProbe = RouteProbe.isProbe(delivery.properties)
            let head = Admission.Head(
                sender: sender, routingKey: delivery.routingKey, task: delivery.properties.correlationID,
                bytes: bytes, isRedelivered: delivery.isRedelivered)
            guard !(isProbe && sender.account == mail.ownUser), admission.admits(head, awaited, at: .now),
                !isProbe
            else {
                delivery.ack()
                if let queue { probe?.settled(delivery.properties, of: queue) }
                continue
            }
            await budget.reserve(bytes)
            // The broker may forget it once it is stored, or looked at. Its content is not held until then.
            let receipt = CoreInput.Receipt(account: sender.account) {
                [receipt = delivery.receipt, properties = delivery.properties, budget, probe] in
                receipt.ack()
                budget.release(bytes)
                if let queue { probe?.settled(properties, of: queue) }
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

    private func deliveries(from source: Source, _ lease: Deliveries?) -> Deliveries {
        switch source {
        case .queue(let name):
            return connection.consume(
                queue: name, prefetch: source.prefetch, whileConsuming: lease,
                checkedEvery: Self.checkInterval, retriedWithin: Self.checkInterval)
        case .telemetry:
            let (queue, bindings) = Topology.telemetryQueue()
            return connection.consume(
                declaring: queue, bindings: bindings, prefetch: source.prefetch, whileConsuming: lease)
        }
    }

    /// Says once a second that time has passed, and what was dropped meanwhile, until cancelled.
    func tick() async {
        while !Task.isCancelled {
            let dropped = admission.takeDropped()
            if !dropped.isEmpty { mailbox.put(.dropped(dropped)) }
            admission.forget(awaited, at: .now)
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
