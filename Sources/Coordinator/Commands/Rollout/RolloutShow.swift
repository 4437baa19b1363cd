import ArgumentParser
import Contract
import JSON

extension TargetView.State: ExpressibleByArgument {}

/// `reflow rollout show`.
struct RolloutShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show a rollout: where it stands, and its hosts or its files.",
        discussion: """
              reflow rollout show november-1
              reflow rollout show november-1 --targets --state failed
            """)

    @Argument(help: "The rollout's id.", completion: .rollouts())
    var id: String

    @Flag(help: "List its files in place of its hosts.")
    var targets = false

    @Option(help: "With --targets: only files that stand there.")
    var state: TargetView.State?

    @Option(help: "With --targets: only files of this host.", completion: .hosts)
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
            let place = "/v1/rollouts/\(percentEncoded(id))"
            guard !targets else {
                try format.list(try await files(place, client), Tables.targets)
                return
            }
            let rollout: RolloutView = try await client.get(place)
            let hosts: Listing<RolloutHostView> = try await client.get("\(place)/hosts")
            switch format.output {
            case .text:
                let lines = RolloutLines(rollout: rollout, width: .max, mostHosts: 0).lines
                print((lines + ["", Tables.hosts(hosts.items)]).joined(separator: "\n"))
            case .json:
                print(try JSONEncoder().text(Shown(rollout: rollout, hosts: hosts.items)))
            }
        }
    }

    /// Both, as JSON.
    private struct Shown: Encodable {
        let rollout: RolloutView
        let hosts: [RolloutHostView]
    }

    /// All pages of them.
    private func files(_ place: String, _ client: CoordinatorClient) async throws -> [TargetView] {
        var found: [TargetView] = []
        var after: Int64?
        repeat {
            let page: Listing<TargetView> = try await client.get(
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
