import ArgumentParser
import Contract
import DefragTypes
import ReflowAPI

/// `reflow hosts hold`.
struct HostsHold: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hold",
        abstract: "Keep hosts from working, whatever rollouts want.",
        discussion: """
            What runs stops within a chunk, and nothing is begun until the host is released: no rollout lifts it, and it lasts \
            through restarts of coordinator and worker. 'reflow hosts', 'rollout show' and 'rollout plan' show it; the audit \
            has it. Waits until each host says that it has heard, and fails where one does not: it hears of it once it can.

              reflow hosts hold storage-17 storage-18 --why 'disk 3 is replaced'
            """)

    @Argument(
        help: "The hosts' names.", completion: .hosts { $0.hold == nil }, transform: HostName.argument)
    var names: [HostName]

    @Option(help: "Why, for whoever wonders that they do not work.")
    var why: String

    @OptionGroup var waiting: HoldWaiting
    @OptionGroup var coordinator: CoordinatorOptions

    func validate() throws {
        guard !why.isEmpty else { throw ValidationError("Say --why, for others.") }
    }

    func run() async throws {
        try await coordinator.ask { client in
            for name in names {
                let _: HostStatus = try await client.put("/v1/hosts/\(name)/hold", json: HoldOrder(why: why))
            }
            try await waiting.confirm(names, client) { $0.hold.map(\.words) ?? "was released meanwhile" }
        }
    }
}

/// `reflow hosts release`.
struct HostsRelease: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "release",
        abstract: "Let hosts work again that are held.",
        discussion: """
            Also those that 'reflow control --pause' holds.

              reflow hosts release storage-17
            """)

    @Argument(
        help: "The hosts' names.", completion: .hosts { $0.hold != nil }, transform: HostName.argument)
    var names: [HostName]

    @Option(help: "Why, for the audit.")
    var why: String?

    @OptionGroup var waiting: HoldWaiting
    @OptionGroup var coordinator: CoordinatorOptions

    func run() async throws {
        try await coordinator.ask { client in
            for name in names {
                let _: HostStatus = try await client.delete("/v1/hosts/\(name)/hold", [("why", why)])
            }
            try await waiting.confirm(names, client) { $0.hold.map(\.words) ?? "released" }
        }
    }
}

/// How long a command waits until hosts have heard.
struct HoldWaiting: ParsableArguments {
    @Option(
        help: "How long to wait until each host has heard.", transform: Duration.argument)
    var wait = Duration.seconds(30)

    /// Says of each host how it is once it has heard.
    ///
    /// - Throws: the exit status 1 if one has not after ``wait``.
    func confirm(
        _ names: [HostName], _ client: CoordinatorClient, _ words: (HostStatus) -> String
    ) async throws {
        var left = Set(names)
        let end = ContinuousClock.now + wait
        while true {
            let listing: Listing<HostStatus> = try await client.get("/v1/hosts")
            let hosts = listing.items.filter { left.contains($0.name) }
            for host in hosts where host.hasHeardOfHold {
                try say("\(host.name): \(words(host))")
                left.remove(host.name)
            }
            if left.isEmpty { return }
            guard ContinuousClock.now < end else {
                for host in hosts where left.contains(host.name) {
                    note(
                        "\(host.name): \(words(host)), but it has not heard of it in \(wait.text)"
                            + (host.isLost ? ", as it is lost" : "")
                            + ": the coordinator sends it nothing, and tells it again when it speaks")
                }
                throw ExitStatus.failed.exitCode
            }
            try await Task.sleep(for: .milliseconds(200))
        }
    }
}
