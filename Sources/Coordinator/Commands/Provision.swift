import AMQP
public import ArgumentParser
public import BrokerKit
import Contract

extension Topology.HostQueues: ExpressibleByArgument {}

/// `reflow provision`: declares everything at the broker.
struct Provision: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Declare exchanges and queues at the broker, for the fleet and for each named host.",
        discussion: "Idempotent: run it again whenever hosts are added. Workers declare nothing.")

    @Option(
        name: .customLong("host"), help: "A host to declare queues for; once for each host.",
        transform: HostName.argument)
    var hosts: [HostName] = []

    @Option(help: "Kind of the hosts' task queues; 'classic' above some 5,000 hosts.")
    var hostQueues: Topology.HostQueues = .quorum

    @Flag(help: "Say what would be declared; touch nothing.")
    var dryRun = false

    func run() async throws {
        let topology = Topology(hosts: hosts, hostQueues: hostQueues)
        try await reportingFailure {
            guard !dryRun else { return try say(topology.listing) }
            let connection = try await Broker().connect("reflow provision")
            do {
                try await topology.declare(on: connection)
            } catch {
                await connection.close()
                throw Failure(broker: error)
            }
            await connection.close()
            try say(
                "Declared \(topology.exchanges.count) exchanges and \(topology.queues.count) queues"
                    + (hosts.isEmpty ? "." : ", those of \(counted(hosts.count, "host")) among them."))
        }
    }
}

extension Topology {
    /// One line for each thing.
    fileprivate var listing: String {
        let lines =
            exchanges.map { "exchange  \($0.name)  \($0.kind.rawValue)" }
            + queues.map { queue in
                let arguments = queue.arguments.sorted { $0.key < $1.key }
                return "queue     \(queue.name)  "
                    + arguments.map { "\($0.key)=\($0.value.text)" }.joined(separator: " ")
            }
            + bindings.map { queue, binding in
                "binding   \(binding.exchange) -- \(binding.routingKey) --> \(queue)"
            }
        return lines.joined(separator: "\n")
    }
}

extension FieldValue {
    fileprivate var text: String {
        switch self {
        case .bool(let value): "\(value)"
        case .integer(let value): "\(value)"
        case .string(let value): value
        default: "\(self)"
        }
    }
}
