import ArgumentParser
import Trials

struct Kills: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Kill reflow-worker with -9 at random moments, under live load.")

    @Argument(help: "How many kills.") var kills = 100
    @Option(help: "Size of the image in MiB.") var size = 128
    @Option(help: "Where the random choices come from.") var seed: UInt64 = .random(in: 0...999_999)

    func run() async throws {
        let report = Report("kills", seed: seed)
        try await report.closing {
            let figures = try await KillTrial(kills: kills, mebibytes: size, seed: seed).run { figures in
                report.progress("\(figures.kills) kills, \(figures.acknowledged) writes")
            }
            return [
                ("kills during a run", figures.kills), ("runs that had ended before", figures.tooLate),
                ("writes acknowledged", figures.acknowledged), ("blocks compared", figures.compared),
                ("inspections, each with xfs_repair -n", figures.inspections), ("promises broken", 0),
            ]
        }
    }
}
