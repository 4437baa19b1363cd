import ArgumentParser
import Trials

struct Flood: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Publish what no host should, from a host's own account, beside the honest work of eight others.",
        discussion: """
            Malformed, oversized, forged and out-of-bounds messages and junk dead letters, in turns with as many valid messages \
            of the same host. Prints every promise that was broken.
            """)

    @Option(help: "Messages that are to be refused.") var messages = 100_000
    @Option(help: "Messages a second.") var rate = 500
    @Option(help: "Turns of either kind.") var turns = 4
    @Option(help: "Milliseconds that a file of a simulated host takes.") var fileMilliseconds = 300

    private struct Broken: Error, CustomStringConvertible {
        let description: String
    }

    func validate() throws {
        guard turns > 0, messages >= turns * 400, rate >= 10 else {
            throw ValidationError("--messages is at least 400 a turn, --rate at least 10.")
        }
    }

    func run() async throws {
        let report = Report("flood", seed: 0)
        try await report.closing {
            let trial = FloodTrial(
                messages: messages, rate: rate, turns: turns, fileMilliseconds: fileMilliseconds)
            let figures = try await trial.run { report.progress($0) }
            let lines = FloodKind.Refusal.allCases.map { ("lines of the log: \($0)", figures.lines[$0] ?? 0) }
            let rows =
                [
                    ("messages that the broker took, of both kinds", figures.confirmed),
                    ("messages that it did not take", figures.nacked),
                    ("messages that were too large for it", figures.refused), ("files done", figures.done),
                    ("files a minute beside valid messages", Int(figures.paceBesideValid * 60)),
                    ("files a minute beside the flood", Int(figures.paceBesideFlood * 60)),
                    ("peak memory of the coordinator, MiB", figures.memory),
                    ("its database, MiB", figures.database),
                ] + lines
            if !figures.broken.isEmpty {
                report.lines(rows.map { "\($0): \($1)" })
                throw Broken(description: figures.broken.joined(separator: "; "))
            }
            return rows + [("promises broken", 0)]
        }
    }
}
