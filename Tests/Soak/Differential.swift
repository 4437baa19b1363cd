import ArgumentParser
import Trials

struct Differential: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Defragment random files under random policies while others use them; compare with a model."
    )

    @Option(help: "Most rounds.") var rounds = 1000
    @Option(help: "Minutes after which no round begins.") var minutes = 20
    @Option(help: "Where the random choices come from.") var seed: UInt64 = .random(in: 0...999_999)

    func run() async throws {
        let report = Report("differential", seed: seed)
        try await report.closing {
            let trial = DifferentialTrial(rounds: rounds, limit: .seconds(60 * minutes), seed: seed)
            let figures = try trial.run { figures in
                report.progress("\(figures.total) rounds, \(figures.compared >> 20) MiB compared")
            }
            return figures.company.map { ("rounds, company: \($0.name)", $0.count) }
                + figures.operationsByKind.map { ("\($0.name)", $0.count) }
                + figures.ends.sorted { $0.key < $1.key }.map { ("runs: \($0.key)", $0.value) }
                + [
                    ("runs that went on where one was stopped", figures.resumed),
                    ("extents saved", figures.saved),
                    ("rounds with more extents than before", figures.worsened),
                    ("the most in one of these", figures.worse),
                    ("MiB rewritten", Int(figures.rewritten >> 20)),
                    ("MiB unshared", Int(figures.unshared >> 20)),
                    (
                        "KiB of preallocation left in holes of that moment",
                        Int(figures.preallocationLeft >> 10)
                    ),
                    ("backups that inherited a run's copy-on-write hint", figures.otherHints),
                    ("MiB compared", figures.compared >> 20),
                    ("file systems, each with xfs_repair -n", figures.disks), ("promises broken", 0),
                ]
        }
    }
}
