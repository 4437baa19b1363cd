import ArgumentParser
import Trials

struct Rollouts: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Roll out over real hosts while coordinator, broker and workers are killed, and one host is lost.",
        discussion: """
            Prints the timeline of the rollout: what happened when, and which hosts of which racks had a slot then. Without \
            anything killed:  rollouts 0 --broker 0 --workers 0 --lost 0 --queues 0 --freezes 0
            """)

    @Argument(help: "Kills -9 of the coordinator.") var kills = 20
    @Option(help: "Kills -9 of the broker, which is started again.") var broker = 5
    @Option(help: "Kills -9 of workers, which are started again.") var workers = 8
    @Option(help: "Hosts that go away for good: 0 or 1.") var lost = 1
    @Option(help: "Times that the queue with the answers is deleted.") var queues = 3
    @Option(help: "Times that the coordinator's disk is frozen for 30 s.") var freezes = 1
    @Option(help: "Hosts.") var hosts = 8
    @Option(help: "Files of a host.") var files = 2
    @Option(help: "Size of a file in MiB.") var size = 32
    @Option(help: "Where the random choices come from.") var seed: UInt64 = .random(in: 0...999_999)

    func validate() throws {
        guard (0...1).contains(lost) else { throw ValidationError("--lost is 0 or 1.") }
        guard hosts >= 6 else { throw ValidationError("--hosts is at least 6, for the ramp.") }
    }

    func run() async throws {
        let report = Report("rollouts", seed: seed)
        try await report.closing {
            let trial = RolloutTrial(
                hosts: hosts, images: files, mebibytes: size,
                blows: Blows(
                    coordinator: kills, broker: broker, workers: workers, hosts: lost, queues: queues,
                    freezes: freezes), seed: seed)
            let figures = try await trial.run { report.progress($0) }
            report.lines(figures.timeline.lines)
            return [
                ("kills of the coordinator", figures.struck.coordinator),
                ("kills of the broker", figures.struck.broker),
                ("kills of workers", figures.struck.workers),
                ("hosts lost for good", figures.struck.hosts),
                ("queues of answers deleted", figures.struck.queues),
                ("freezes of the coordinator's disk", figures.struck.freezes),
                ("files done", figures.done), ("files failed with the lost host", figures.failed),
                ("slices", figures.slices), ("extents before", figures.extentsBefore),
                ("extents after", figures.extentsAfter),
                ("hosts with a slot at once, at the most", figures.timeline.most),
                ("of one rack", figures.timeline.mostOfRack),
                ("most workers that really worked at once", figures.mostAtWork),
                ("of one rack", figures.mostOfRackAtWork), ("looks at all workers", figures.looks),
                ("seconds of the rollout", Int(figures.seconds)), ("promises broken", 0),
            ]
        }
    }
}
