import AMQP
import ArgumentParser
import BrokerKit
import Contract
import DefragTypes
import Foundation

/// `reflow control`: sets the desired state of hosts without a coordinator.
struct Control: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Hold or release hosts, or change their policy, over the broker alone.",
        discussion: """
            Needs no coordinator; one that is there hears of it, shows it and lets it stand: 'reflow hosts hold' is the same \
            brake. Takes hold between two chunks, within one pause of the file, and lasts through restarts of the worker until \
            it is released. Waits until each host says that it has heard, and fails where one does not.
            The policy is the whole policy: options left out go back to the slices' own.

              reflow control --host alpha --pause --why 'disk 3 is replaced'
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

    @Option(help: "Why, for whoever wonders that they do not work.")
    var why = ""

    @Option(
        help: "How long to wait until each host has heard; a worker speaks at least every 20 s.",
        transform: Duration.argument)
    var wait = Duration.seconds(30)

    @OptionGroup(title: "Policy, over that of every slice") var policy: PolicyOptions

    func validate() throws {
        guard all != !hosts.isEmpty else { throw ValidationError("Name hosts with --host, or say --all.") }
        guard Remark.bytes.contains(why.utf8.count) else { throw ValidationError("--why is too long.") }
    }

    func run() async throws {
        try await reportingFailure {
            let broker = try Broker()
            let connection = try await broker.connect("reflow control")
            let order = ControlOrder(
                connection: connection,
                mail: HostMail(ownUser: broker.endpoint.account, sharedUser: broker.sharedUser),
                isHeld: wish == .pause, by: operatorName(), why: why, policy: try policy.overrides())
            let outcome: ControlOrder.Outcome
            do {
                outcome = try await order.give(to: all ? nil : Set(hosts), within: wait)
            } catch {
                await connection.close()
                throw error as? Failure ?? Failure(broker: error)
            }
            await connection.close()
            try tell(outcome)
        }
    }

    private func tell(_ outcome: ControlOrder.Outcome) throws {
        let done = wish == .pause ? "is held" : "may work"
        for host in outcome.heard.sorted() { try say("\(host) \(done)") }
        for host in outcome.unheard.sorted() {
            note(
                "\(host) has not heard it in \(wait.text): "
                    + (outcome.spoke.contains(host)
                        ? "it speaks, but does not say that it has taken it; is its queue consumed?"
                        : "no worker speaks; the order lies in its queue for the next one"))
        }
        if all {
            try say("every provisioned host has the order in its queue; those named above have answered")
        }
        if !outcome.unheard.isEmpty || (all && outcome.heard.isEmpty) { throw ExitStatus.failed.exitCode }
    }
}

/// Who gives an order here: the user, and where another has become root, that one.
private func operatorName() -> String {
    let environment = ProcessInfo.processInfo.environment
    let user = environment["SUDO_USER"] ?? UserNames.shared.name(of: getuid()) ?? "uid \(getuid())"
    return "\(user)@\(ProcessInfo.processInfo.hostName) (reflow control)"
}

extension Duration {
    /// Reads a duration from the command line.
    static func argument(_ text: String) throws -> Duration {
        guard let duration = Duration(text: text), duration > .zero else {
            throw ValidationError("'\(text)' is not a duration such as 30s")
        }
        return duration
    }
}
