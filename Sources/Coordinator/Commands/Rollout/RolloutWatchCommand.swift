import ArgumentParser
import DefragTypes
import ReflowAPI
import Rollout

/// `reflow rollout watch`.
struct RolloutWatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Show a rollout while it goes on, until its end.",
        discussion: """
            A table that is drawn again and again on a terminal, lines otherwise. If the coordinator goes away, it is waited \
            for. Ctrl-C ends the watching, not the rollout. Exit status: 0 all done, 1 something failed or it was set aside, 2 cancelled. As JSON: an \
            object a line on stdout, {"rollout":…} with how it is now, or {"event":…} with what has happened.

              reflow rollout watch november
              reflow rollout watch november --output json | jq -r '.event.text // empty'
            """)

    @Argument(help: .rollout, completion: .rollouts { !$0.phase.isEnded })
    var rollout: RolloutArgument

    @OptionGroup var coordinator: CoordinatorOptions
    @OptionGroup var format: OutputOptions

    func run() async throws {
        try await coordinator.ask { client in
            // By its id from here on: another of the same name may begin meanwhile.
            let now: RolloutStatus = try await client.get(rollout.place)
            try await watchToItsEnd(now.id, client, format.output)
        }
    }
}

/// Shows the rollout `id` until it has ended, with what has happened since the event `after` or else from now on; throws its
/// exit status, unless all is done.
func watchToItsEnd(
    _ id: String, after: Int64? = nil, _ client: CoordinatorClient, _ format: OutputFormat
) async throws {
    var view = WatchView(format)
    var following = Following(client: client, query: EventQuery(rollout: id, after: after))
    var end: RolloutStatus?
    var isBrokerAway: Bool?
    try await following.run { news in
        switch news {
        case .item(.rollout(let rollout)):
            try view.show(rollout)
            let trouble = rollout.brokerTrouble
            // What it begins with is among the lines; of one that has ended nothing is told.
            if !rollout.phase.isEnded, let isBrokerAway, isBrokerAway != (trouble != nil) {
                view.note(trouble.map { "\($0); figures are from before" } ?? "the broker is back")
            }
            isBrokerAway = trouble != nil
            if rollout.phase.isEnded || rollout.setAside != nil { end = rollout }
        case .item(.event(let event)):
            try view.show(event)
            // It may be one that cannot be read any more, and is not shown.
            guard event.type == "rollout.setAside", event.rollout == id else { break }
            let now: RolloutStatus = try await client.get("/v1/rollouts/\(percentEncoded(id))")
            // The event may be from before the coordinator's last start.
            if now.setAside != nil { end = now }
        case .item(.connected): break
        case .away(let why):
            view.note("the coordinator is away (\(why)); the hosts go on with what they have, trying again")
        case .back: view.note("the coordinator is back")
        }
        return end == nil
    }
    if let end, let why = end.setAside {
        throw Failure(any: OperationError.setAside(end.id, why))
    }
    if let status = end?.exitStatus, status != .success { throw status.exitCode }
}
