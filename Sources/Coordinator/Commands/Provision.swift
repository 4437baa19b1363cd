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
            let connection = try await Broker().connect("reflow provision")
            let problems: [TopologyProblem]
            do {
                problems = try await topology.declare(on: connection)
            } catch {
                await connection.close()
                throw Failure(broker: error)
            }
            await connection.close()
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
        guard let path = hostsFrom else { return hosts }
        let data =
            path == "-"
            ? try? FileHandle.standardInput.readToEnd() : FileManager.default.contents(atPath: path)
        guard let data else { throw Failure(.usage, "\(path) cannot be read") }
        var all = hosts
        for (index, line) in String(decoding: data, as: UTF8.self).split(
            separator: "\n", omittingEmptySubsequences: false
        ).enumerated() {
            let name = line.split { $0 == " " || $0 == "\t" || $0 == "\r" }.first ?? ""
            if name.isEmpty || name.hasPrefix("#") { continue }
            guard let host = HostName(String(name)) else {
                throw Failure(
                    .usage,
                    "\(path) line \(index + 1): the name of a host is 1 to 63 of a-z, 0-9 and -, not '\(name)'"
                )
            }
            all.append(host)
        }
        return all
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
