import ArgumentParser
import Contract
import DefragTypes
import ReflowAPI

/// `reflow hosts`: the fleet.
struct Hosts: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the hosts, hold or release some, or forget those that are gone.",
        discussion: """
              reflow hosts
              reflow hosts --output json | jq -r 'select(.isLost) | .name'
              reflow hosts hold storage-17 --why 'disk 3 is replaced'
              reflow hosts forget storage-17
            """,
        subcommands: [HostsList.self, HostsHold.self, HostsRelease.self, HostsForget.self],
        defaultSubcommand: HostsList.self)
}

/// `reflow hosts list`, which may be left out.
struct HostsList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the hosts: who is there, what they do, how much space they have.",
        discussion: """
            Every host whose worker was ever heard, or that somebody has named. One that has been silent for too long is LOST.
            """)

    @OptionGroup var coordinator: CoordinatorOptions
    @OptionGroup var format: OutputOptions

    func run() async throws {
        try await coordinator.ask { client in
            let listing: Listing<HostStatus> = try await client.get("/v1/hosts")
            try format.list(listing.items, Tables.hosts)
            // What hosts were last heard to do is not what they do now, if they cannot be heard.
            let readiness = try await client.readiness()
            if !readiness.isReady {
                note("the coordinator is not ready: \(readiness.reasons.joined(separator: "; "))")
            }
        }
    }
}

/// `reflow hosts forget`.
struct HostsForget: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "forget",
        abstract: "Forget a host that is lost, or was never heard. Asks first.",
        discussion: """
            No specification means it any more. It has to be one that no rollout waits for. Should its worker be heard again, \
            it is known again.

              reflow hosts forget storage-17 --yes
            """)

    @Argument(
        help: "The host's name.", completion: .hosts { $0.isLost || $0.lastHeard == nil },
        transform: HostName.argument)
    var name: HostName

    @OptionGroup var confirmation: Confirmation
    @OptionGroup var coordinator: CoordinatorOptions

    func run() async throws {
        try await coordinator.ask { client in
            let listing: Listing<HostStatus> = try await client.get("/v1/hosts")
            let heard = listing.items.first { $0.name == name }?.lastHeard
            let when = heard.map { "last heard \($0.short)" } ?? "never heard"
            try confirmation.confirm("Forget host \(name), \(when)?")
            try await client.delete("/v1/hosts/\(name)")
            try say("\(name) is forgotten")
        }
    }
}
