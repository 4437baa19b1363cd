import ArgumentParser
import Trials

struct Budget: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Let three file systems die under a rollout whose error budget allows two failures.")

    @Option(help: "Hosts, all working at once: more than three.") var hosts = 8
    @Option(help: "Size of each host's file in MiB.") var size = 32
    @Option(help: "Where the random choices come from.") var seed: UInt64 = .random(in: 0...999_999)

    func run() async throws {
        let report = Report("budget", seed: seed)
        try await report.closing {
            let figures = try await BudgetTrial(hosts: hosts, mebibytes: size, seed: seed).run {
                report.progress($0)
            }
            report.lines([
                Spread.heading,
                Spread(figures.stopped).row("third failure -> a worker has stopped, ms"),
            ])
            return [
                ("slices begun between the third failure and resume", figures.begunMeanwhile),
                ("files done after resume", figures.done), ("files failed", figures.failed),
                ("promises broken", 0),
            ]
        }
    }
}
