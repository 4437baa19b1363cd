public import AMQP
public import Contract

/// Everything that Reflow needs at the broker, as values: exchanges, queues and bindings.
public struct Topology: Sendable {
    /// Kind of the hosts' task queues.
    public enum HostQueues: String, CaseIterable, Sendable {
        /// Replicated; counts deliveries, so that a task that kills its worker ends among the dead letters.
        case quorum
        /// On one node: for fleets above some 5,000 hosts, where a quorum queue a host costs too much.
        case classic
    }

    public var exchanges: [ExchangeDefinition]
    public var queues: [QueueDefinition]
    public var bindings: [(queue: String, binding: Binding)]

    /// What all hosts have in common, and the queues of `hosts`.
    public init(hosts: [HostName], hostQueues: HostQueues = .quorum) {
        let alternate: [String: FieldValue] = ["alternate-exchange": .string(ExchangeName.unroutable)]
        exchanges = [
            ExchangeDefinition(ExchangeName.unroutable, .fanout),
            ExchangeDefinition(ExchangeName.dead, .fanout),
            ExchangeDefinition(ExchangeName.tasks, .direct, arguments: alternate),
            ExchangeDefinition(ExchangeName.control, .direct, arguments: alternate),
            ExchangeDefinition(ExchangeName.controlAll, .fanout),
            ExchangeDefinition(ExchangeName.events, .topic),
        ]
        // A second coordinator waits for the first one's end, instead of taking half of the answers.
        let ofCoordinator: [String: FieldValue] = [
            "x-queue-type": "quorum", "x-max-length-bytes": .integer(256 << 20),
            "x-single-active-consumer": true,
        ]
        // Nothing may fill the broker's disk when nobody consumes: every shared queue has a bound.
        queues = [
            QueueDefinition(
                QueueName.unroutable, arguments: ["x-max-length": 100_000, "x-overflow": "drop-head"]),
            QueueDefinition(QueueName.dead, arguments: ofCoordinator),
            QueueDefinition(QueueName.coordinator, arguments: ofCoordinator),
            QueueDefinition(
                QueueName.history,
                arguments: [
                    "x-queue-type": "stream", "x-max-length-bytes": .integer(2 << 30), "x-max-age": "30D",
                    "x-stream-max-segment-size-bytes": .integer(64 << 20),
                ]),
        ]
        bindings = [
            (QueueName.unroutable, Binding(exchange: ExchangeName.unroutable)),
            (QueueName.dead, Binding(exchange: ExchangeName.dead)),
            (QueueName.history, Binding(exchange: ExchangeName.events, routingKey: "#")),
        ]
        // The durable queue holds the answers only: progress and state are of no use later.
        bindings += ["*.reflow.slice.*", "*.reflow.survey.*"].map {
            (QueueName.coordinator, Binding(exchange: ExchangeName.events, routingKey: $0))
        }
        for host in hosts { add(host, hostQueues) }
    }

    private mutating func add(_ host: HostName, _ kind: HostQueues) {
        var arguments: [String: FieldValue] = [
            // A second worker under the same name waits instead of taking turns.
            "x-single-active-consumer": true,
            "x-dead-letter-exchange": .string(ExchangeName.dead),
        ]
        if kind == .quorum {
            arguments["x-queue-type"] = "quorum"
            // Every redelivery counts, harmless restarts too: high, but not endless.
            arguments["x-delivery-limit"] = 20
            // A dead letter is confirmed before it leaves its queue; this needs overflow reject-publish.
            arguments["x-dead-letter-strategy"] = "at-least-once"
            arguments["x-overflow"] = "reject-publish"
        }
        queues.append(QueueDefinition(QueueName.tasks(host), arguments: arguments))
        queues.append(
            QueueDefinition(
                QueueName.control(host), arguments: ["x-max-length": 1, "x-overflow": "drop-head"]))
        bindings += Self.bindings(of: host)
    }

    /// What is bound of a host's queues.
    public static func bindings(of host: HostName) -> [(queue: String, binding: Binding)] {
        [
            (QueueName.tasks(host), Binding(exchange: ExchangeName.tasks, routingKey: "\(host)")),
            (QueueName.control(host), Binding(exchange: ExchangeName.control, routingKey: "\(host)")),
            (QueueName.control(host), Binding(exchange: ExchangeName.controlAll)),
        ]
    }

    /// What the names of the queues of ``telemetryQueue()`` begin with.
    public static let telemetryPrefix = "reflow.coordinator.chatter."

    /// Held by the one coordinator of a virtual host: the broker gives it to one connection only.
    public static let leaseQueue = QueueDefinition(
        "reflow.coordinator.lease", isDurable: false, isExclusive: true)

    /// States and progress of all hosts, of which only the latest counts, and what found no queue: a queue that lives as long as its
    /// consumer.
    public static func telemetryQueue() -> (QueueDefinition, [Binding]) {
        let queue = QueueDefinition.temporary(
            telemetryPrefix + newMessageID(),
            arguments: ["x-max-length": 100_000, "x-overflow": "drop-head"])
        let bindings = ["*.reflow.host.state", "*.reflow.progress"].map {
            Binding(exchange: ExchangeName.events, routingKey: $0)
        }
        return (queue, bindings + [Binding(exchange: ExchangeName.unroutable)])
    }

    /// The answers and telemetry of `hosts`, and the dead letters, for one job in the foreground: durable, so that a
    /// restart of the broker loses no answer; deleted at the end, or by the broker once nobody has used it for a
    /// while.
    public static func jobQueue(_ job: String, hosts: [HostName]) -> (QueueDefinition, [Binding]) {
        let name = "reflow.job.\(job)"
        let queue = QueueDefinition(
            name,
            arguments: ["x-expires": .integer(30 * 60 * 1000), "x-max-length-bytes": .integer(256 << 20)])
        let bindings =
            hosts.map {
                Binding(exchange: ExchangeName.events, routingKey: EventAddress.everything(from: $0))
            } + [Binding(exchange: ExchangeName.dead)]
        return (queue, bindings)
    }
}
