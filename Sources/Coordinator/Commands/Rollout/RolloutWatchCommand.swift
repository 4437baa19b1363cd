import ArgumentParser
import DefragTypes

/// `reflow rollout watch`.
struct RolloutWatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Show a rollout while it goes on, until its end.",
        discussion: """
            A table that is drawn again and again on a terminal, lines otherwise. If the coordinator goes away, it is waited \
            for. Ctrl-C ends the watching, not the rollout. Exit status: 0 all done, 1 something failed, 2 cancelled.

              reflow rollout watch november-1
            """)

    @Argument(help: "The rollout's id.", completion: .rollouts { !$0.phase.isEnded })
    var id: String

    @OptionGroup var coordinator: CoordinatorOptions

    func run() async throws {
        try await coordinator.ask { try await watchToItsEnd(id, $0) }
    }
}

/// Shows the rollout `id` until it has ended; throws its exit status, unless all is done.
func watchToItsEnd(_ id: String, _ client: CoordinatorClient) async throws {
    var view = WatchView()
    var following = Following(client: client, query: EventQuery(rollout: id))
    var end: RolloutView?
    try await following.run { news in
        switch news {
        case .item(.rollout(let rollout)):
            view.show(rollout)
            if rollout.phase.isEnded { end = rollout }
        case .item(.event(let event)): view.show(event)
        case .item(.connected): break
        case .away(let why):
            view.note("the coordinator is away (\(why)); the hosts go on with what they have, trying again")
        case .back: view.note("the coordinator is back")
        }
        return end == nil
    }
    if let status = end?.exitStatus, status != .success { throw status.exitCode }
}
