import AMQP
import ArgumentParser
import BrokerKit
import Contract
import DefragTypes
import Foundation

/// `reflow control`: sets the desired state of hosts.
struct Control: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Pause or resume hosts, or change their policy while they work.",
        discussion: """
            Takes hold between two chunks, within one pause of the file. It is the whole desired state: options left \
            out go back to the slices' own policy. A worker that restarts begins with 'resume'.

              reflow control --host alpha --pause
              reflow control --all --resume --max-pause 5ms --duty 20%
            """)

    @Option(name: .customLong("host"), help: "A host; once for each host.", transform: HostName.argument)
    var hosts: [HostName] = []

    @Flag(help: "Every host that is provisioned.")
    var all = false

    enum Wish: String, EnumerableFlag {
        case pause
        case resume
    }
    @Flag(help: "Whether the hosts may work.")
    var wish: Wish

    @OptionGroup(title: "Policy, over that of every slice") var policy: PolicyOptions

    func validate() throws {
        guard all != !hosts.isEmpty else { throw ValidationError("Name hosts with --host, or say --all.") }
    }

    func run() async throws {
        try await reportingFailure {
            let connection = try await Broker().connect("reflow control")
            do {
                try await publish(on: connection)
            } catch {
                await connection.close()
                throw Failure(broker: error)
            }
            await connection.close()
        }
    }

    /// Publishes the desired state, and says to whom.
    private func publish(on connection: Connection) async throws {
        // Without a store, the clock is what only ever grows.
        let state = DesiredState(
            generation: Int64(Date().timeIntervalSince1970 * 1000),
            mode: wish == .pause ? .pause : .run, policy: try policy.overrides())
        let message = try AMQP.Message(Contract.Message(source: "/coordinator", body: state))
        if all {
            try await connection.publish(
                message, exchange: ExchangeName.controlAll, routingKey: "", mandatory: true)
            try say("Every provisioned host is to \(wish.rawValue).")
        }
        for host in hosts {
            do {
                let queue = try await connection.inspect(queue: QueueName.control(host))
                let hint =
                    queue.consumers == 0 ? " (no worker is connected; the next one will hear of it)" : ""
                try say("\(host) is to \(wish.rawValue)\(hint)")
            } catch let error as AMQPError where error.code == .notFound {
                throw Failure(
                    .failed, "host \(host) is not provisioned: run 'reflow provision --host \(host)'")
            }
            try await connection.publish(
                message, exchange: ExchangeName.control, routingKey: "\(host)", mandatory: true)
        }
    }
}
