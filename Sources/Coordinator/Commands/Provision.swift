import AMQP
public import ArgumentParser
public import BrokerKit
import BrokerRights
import Contract
import DefragTypes
import Foundation

extension Topology.HostQueues: ExpressibleByArgument {}

/// `reflow provision`: declares everything at the broker.
struct Provision: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Declare exchanges and queues at the broker, for the fleet and for each named host.",
        discussion: """
            Idempotent: run it again whenever hosts are added. Workers declare nothing.

            How large queues may become, and what they do then, is said by policies, which only the broker's administrator may \
            set; again and again without harm, also on a broker that is in use:
              reflow provision --policies | rabbitmqctl import_definitions

            With --credentials it speaks to no broker, and writes all of it as one file for the broker's administrator: the \
            virtual host, an account with its rights for each host and program, bounds, exchanges and queues. Again with more \
            hosts, and nothing that is there changes.
              reflow provision --credentials fleet --broker amqps://broker.example.net --host alpha --host beta
              rabbitmqctl import_definitions <fleet/definitions.json
            """)

    @Option(
        name: .customLong("host"), help: "A host to declare queues for; once for each host.",
        transform: HostName.argument)
    var hosts: [HostName] = []

    @Option(
        help: ArgumentHelp(
            "File with names of hosts, one a line ('-' for stdin): for thousands of them.", valueName: "file"),
        completion: .file())
    var hostsFrom: String?

    @Option(help: "Kind of the hosts' task queues; 'classic' above some 5,000 hosts.")
    var hostQueues: Topology.HostQueues = .quorum

    @Flag(help: "Say what would be declared; touch nothing.")
    var dryRun = false

    @Flag(
        help: ArgumentHelp(
            "Print the bounds of all queues as definitions for rabbitmqctl, for the virtual host of REFLOW_AMQP_URL; touch nothing."
        ))
    var policies = false

    @OptionGroup(title: "Accounts and rights") var accounts: CredentialOptions

    func validate() throws {
        try accounts.validate(besides: policies || dryRun)
    }

    /// Declares it, side by side where there is much of it; returns what was refused.
    private func declare(_ topology: Topology, isLarge: Bool) async throws(Failure) -> [TopologyProblem] {
        let broker = try Broker()
        var connections: [Connection] = []
        let outcome: Result<[TopologyProblem], Failure>
        do {
            for _ in 0..<(isLarge ? 8 : 1) {
                connections.append(try await broker.connect("reflow provision"))
            }
            outcome = .success(try await topology.declare(on: connections))
        } catch let failure as Failure { outcome = .failure(failure) } catch {
            outcome = .failure(Failure(broker: error))
        }
        for connection in connections { await connection.close() }
        return try outcome.get()
    }

    func run() async throws {
        if let folder = accounts.credentials {
            return try await reportingFailure {
                try accounts.provision(allHosts(), hostQueues, in: CredentialFolder(path: folder))
            }
        }
        try await reportingFailure {
            let hosts = try allHosts()
            let topology = Topology(hosts: hosts, hostQueues: hostQueues)
            guard !policies else {
                return try say(PolicyDefinitions(virtualHost: Broker().endpoint.vhost).json())
            }
            guard !dryRun else { return try say(topology.listing) }
            let problems = try await declare(topology, isLarge: hosts.count >= 32)
            guard problems.isEmpty else { throw Failure(problems) }
            try say(
                "Declared \(topology.exchanges.count) exchanges and \(topology.queues.count) queues"
                    + (hosts.isEmpty ? "." : ", those of \(counted(hosts.count, "host")) among them."))
        }
    }
}

extension Provision {
    /// Those that are named, and those of the file.
    private func allHosts() throws(Failure) -> [HostName] {
        try hosts + (hostsFrom.map { path throws(Failure) in try HostsFile.read(path) } ?? [])
    }
}

extension Failure {
    /// What was refused while everything else was declared.
    fileprivate init(_ problems: [TopologyProblem]) {
        let isForbidden = problems.allSatisfy { $0.error.code == .accessRefused }
        self.init(
            isForbidden ? .notPermitted : .failed,
            "all is declared but for:" + problems.map { "\n\($0)" }.joined())
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
