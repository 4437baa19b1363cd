import ArgumentParser
import Contract
import DefragTypes
import Foundation
import ReflowAPI

/// `reflow events`: what has happened.
struct Events: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List what has happened, and follow what happens.",
        discussion: """
              reflow events --since 2h
              reflow events --type host.lost --output json
              reflow events --rollout november --follow

            Types: \(LoggedEvent.types.joined(separator: ", ")).
            """)

    @Option(
        help: "Only events of this type, or whose types begin with it and a dot: rollout, host.lost.",
        completion: .list(LoggedEvent.types))
    var type: String?

    @Option(help: "Only events about this host.", completion: .hosts, transform: HostName.argument)
    var host: HostName?

    @Option(help: "Only events about this rollout: its name, or its id.", completion: .rollouts())
    var rollout: RolloutArgument?

    @Option(
        help: ArgumentHelp(
            "Only events from then on: 2h for two hours ago, or 2026-11-22T21:00:00Z.", valueName: "time"))
    var since: String?

    @Option(help: "Most events, the newest ones; with --since, all unless said otherwise.")
    var limit: Int?

    @Flag(name: .shortAndLong, help: "Go on with what happens, until Ctrl-C.")
    var follow = false

    @OptionGroup var coordinator: CoordinatorOptions
    @OptionGroup var format: OutputOptions

    func validate() throws {
        if let since, Self.time(since, now: Date()) == nil {
            throw ValidationError(
                "--since '\(since)': neither a duration such as 2h nor a time such as 2026-11-22T21:00:00Z.")
        }
        guard (1...10_000).contains(limit ?? 1) else { throw ValidationError("--limit is from 1 to 10000.") }
    }

    /// The point in time that `text` means.
    static func time(_ text: String, now: Date) -> Timestamp? {
        Duration(text: text).map { Timestamp(now - $0.inSeconds) } ?? Timestamp(rfc3339: text)
    }

    func run() async throws {
        try await coordinator.ask { client in
            var query = EventQuery(
                type: type, host: host, rollout: rollout?.text,
                since: since.flatMap { Self.time($0, now: Date()) })
            query.after = since != nil && limit == nil ? 0 : nil
            query.limit = limit ?? (query.after == nil ? 100 : 1000)
            var last: Int64?
            repeat {
                let page: Listing<LoggedEvent> = try await client.get("/v1/events", query.parameters)
                for event in page.items { try show(event) }
                last = page.items.last?.id ?? last
                // Without a starting point the newest ones are all there are.
                guard query.after != nil, !page.items.isEmpty else { break }
                query.after = last
            } while true
            query.after = last
            if follow {
                try await goOn(query, client)
            } else if last == nil, format.output == .text {
                try say("no events")
            }
        }
    }

    private func goOn(_ query: EventQuery, _ client: CoordinatorClient) async throws {
        var following = Following(client: client, query: query)
        // What is older is printed already.
        following.query.since = nil
        try await following.run { news in
            switch news {
            case .item(.event(let event)): try show(event)
            case .item: break
            case .away(let why): note("the coordinator is away (\(why)), trying again")
            case .back: note("the coordinator is back")
            }
            return true
        }
    }

    private func show(_ event: LoggedEvent) throws {
        try format.show(event) { Tables.event($0) }
    }
}

extension EventQuery {
    /// As parameters of a request.
    var parameters: [(String, String?)] {
        [
            ("type", type), ("host", host?.description), ("rollout", rollout), ("since", since?.description),
            ("after", after.map(String.init)), ("limit", "\(limit)"),
        ]
    }
}
