import ArgumentParser
import Trials

struct Exerciser: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Have fio write to a file in four ways and verify it, while runs go over it again and again.")

    @Option(help: "Minutes for which it writes.") var minutes = 10
    @Option(help: "Size of the file in MiB.") var size = 256
    @Option(help: "Where the random choices come from.") var seed: UInt64 = .random(in: 0...999_999)

    func validate() throws {
        guard minutes > 0, size >= 4 else {
            throw ValidationError("--minutes is at least 1, --size at least 4.")
        }
    }

    func run() async throws {
        let report = Report("exerciser", seed: seed)
        try await report.closing {
            let trial = ExerciserTrial(duration: .seconds(60 * minutes), mebibytes: size, seed: seed)
            let figures = try await trial.run { report.progress("\($0.runs) runs") }
            return [
                ("runs over the file", figures.runs), ("extents saved", figures.saved),
                ("MiB rewritten", Int(figures.rewritten >> 20)), ("blocks written by fio", figures.written),
                ("verified while the runs were at work", figures.verified), ("promises broken", 0),
            ]
        }
    }
}
