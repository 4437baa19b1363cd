import ArgumentParser

/// `reflow hosts`: the fleet.
struct Hosts: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the hosts: who is there, what they do, how much space they have.",
        discussion: """
            Every host whose worker was ever heard. One that has been silent for too long is LOST.

              reflow hosts
              reflow hosts --output json | jq -r 'select(.isLost) | .name'
            """)

    @OptionGroup var coordinator: CoordinatorOptions
    @OptionGroup var format: OutputOptions

    func run() async throws {
        try await coordinator.ask { client in
            let listing: Listing<HostView> = try await client.get("/v1/hosts")
            try format.list(listing.items, Tables.hosts)
        }
    }
}
