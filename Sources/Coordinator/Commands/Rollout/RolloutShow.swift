public import ArgumentParser
import Contract
import ReflowAPI

extension TargetPhase: ExpressibleByArgument {}

/// `reflow rollout show`.
struct RolloutShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show a rollout: where it stands, and its hosts or its files.",
        discussion: """
              reflow rollout show november
              reflow rollout show november --targets --state failed
            """)

    @Argument(help: .rollout, completion: .rollouts())
    var rollout: RolloutArgument

    @Flag(help: "List its files in place of its hosts.")
    var targets = false

    @Option(help: "With --targets: only files that stand there.")
    var state: TargetPhase?

    @Option(
        help: "With --targets: only files of this host.", completion: .hosts, transform: HostName.argument)
    var host: HostName?

    @OptionGroup var coordinator: CoordinatorOptions
    @OptionGroup var format: OutputOptions

    func validate() throws {
        guard targets || (state == nil && host == nil) else {
            throw ValidationError("--state and --host are for --targets.")
        }
    }

    func run() async throws {
        try await coordinator.ask { client in
            guard !targets else {
                try format.list(try await files(rollout.place, client), Tables.targets)
                return
            }
            let state: RolloutStatus = try await client.get(rollout.place)
            let hosts: Listing<RolloutHostStatus> = try await client.get("\(rollout.place)/hosts")
            let query = EventQuery(type: "target.attemptFailed", rollout: state.id, limit: 5)
            let attempts: Listing<LoggedEvent> = try await client.get("/v1/events", query.parameters)
            try format.show(Shown(rollout: state, hosts: hosts.items)) { shown in
                let lines = RolloutLines(rollout: shown.rollout, width: .max, mostHosts: 0).lines
                return
                    (lines + [Tables.policy(of: shown.rollout)]
                    + [Tables.pauses(of: shown.rollout)].compactMap(\.self)
                    + ["", Tables.hosts(shown.hosts)] + Tables.failedAttempts(attempts.items)).joined(
                        separator: "\n")
            }
        }
    }

    /// Both.
    private struct Shown: Encodable {
        let rollout: RolloutStatus
        let hosts: [RolloutHostStatus]
    }

    /// All pages of them.
    private func files(_ place: String, _ client: CoordinatorClient) async throws -> [TargetStatus] {
        var found: [TargetStatus] = []
        var after: Int64?
        repeat {
            let page: Listing<TargetStatus> = try await client.get(
                "\(place)/targets",
                [
                    ("state", state?.rawValue), ("host", host?.description), ("limit", "10000"),
                    ("after", after.map(String.init)),
                ])
            found += page.items
            after = page.next
        } while after != nil
        return found
    }
}
