import ArgumentParser
import ReflowAPI

/// `reflow audit`: who did what.
struct Audit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List who did what when, the newest first.",
        discussion: "  reflow audit --limit 500 --output json | jq -r 'select(.who == \"root\")'")

    @Option(help: "Most entries.")
    var limit = 100

    @OptionGroup var coordinator: CoordinatorOptions
    @OptionGroup var format: OutputOptions

    func validate() throws {
        guard limit >= 1 else { throw ValidationError("--limit is at least 1.") }
    }

    func run() async throws {
        try await coordinator.ask { client in
            var entries: [AuditEntry] = []
            var before: Int64?
            repeat {
                let page: Listing<AuditEntry> = try await client.get(
                    "/v1/audit",
                    [("limit", "\(min(limit - entries.count, 10_000))"), ("before", before.map(String.init))])
                entries += page.items
                before = page.next
            } while before != nil && entries.count < limit
            try format.list(entries, Tables.audit)
        }
    }
}
