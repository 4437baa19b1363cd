import ArgumentParser
import Trials

struct PowerCuts: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "powercuts",
        abstract: "Cut the power off at random moments of reflow-worker, under live load.")

    @Argument(help: "How many cuts.") var cuts = 50
    @Option(help: "Size of the image in MiB.") var size = 96
    @Option(help: "Where the random choices come from.") var seed: UInt64 = .random(in: 0...999_999)

    func run() async throws {
        let report = Report("powercuts", seed: seed)
        try await report.closing {
            let figures = try await PowerCutTrial(cuts: cuts, mebibytes: size, seed: seed).run { figures in
                report.progress("\(figures.total) cuts, \(figures.acknowledged) writes")
            }
            return figures.cuts.sorted { $0.key < $1.key }.map { ("cuts of a run at work, cache: \($0)", $1) }
                + [
                    ("cuts between two runs", figures.between), ("writes acknowledged", figures.acknowledged),
                    ("blocks compared", figures.compared),
                    ("blocks older than acknowledged, not fsynced", figures.lost),
                    ("hints that the next run restored", figures.unrestored), ("promises broken", 0),
                ]
        }
    }
}
