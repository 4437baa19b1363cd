import ArgumentParser
import Trials

struct Cluster: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Roll out over real hosts while the three nodes of the broker's cluster are killed and started in turn.",
        discussion: """
            Each second kill is of the node that leads the queue with the answers; and the rollout is paused while a node is down.
            """)

    @Argument(help: "Kills -9 of a node, which is started again.") var kills = 8
    @Option(help: "Kills -9 of the coordinator.") var coordinator = 2
    @Option(help: "Kills -9 of workers, which are started again.") var workers = 2
    @Option(help: "Pauses while a node is down.") var pauses = 3
    @Option(help: "Nodes.") var nodes = 3
    @Option(help: "Hosts.") var hosts = 8
    @Option(help: "Files of a host.") var files = 2
    @Option(help: "Size of a file in MiB.") var size = 32
    @Option(help: "Where the random choices come from.") var seed: UInt64 = .random(in: 0...999_999)

    func validate() throws {
        guard hosts >= 6 else { throw ValidationError("--hosts is at least 6, for the ramp.") }
        guard nodes >= 3 else { throw ValidationError("--nodes is at least 3, for a majority.") }
    }

    func run() async throws {
        let report = Report("cluster", seed: seed)
        try await report.closing {
            let trial = RolloutTrial(
                hosts: hosts, images: files, mebibytes: size, nodes: nodes,
                blows: Blows(coordinator: coordinator, broker: kills, workers: workers, pauses: pauses),
                seed: seed)
            let figures = try await trial.run { report.progress($0) }
            report.lines(figures.timeline.lines)
            report.lines([
                Spread.heading, Spread(figures.pauses).row("pause with a node down -> no slice runs, ms"),
            ])
            return [
                ("kills of a node", figures.struck.broker),
                ("of these, of the leader of the answers' queue", figures.leaders),
                ("kills of the coordinator", figures.struck.coordinator),
                ("kills of workers", figures.struck.workers),
                ("pauses with a node down", figures.struck.pauses),
                ("files done", figures.done), ("slices", figures.slices),
                ("extents before", figures.extentsBefore), ("extents after", figures.extentsAfter),
                ("most workers that really worked at once", figures.mostAtWork),
                ("seconds of the rollout", Int(figures.seconds)), ("promises broken", 0),
            ]
        }
    }
}
