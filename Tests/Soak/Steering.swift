import ArgumentParser
import Trials

struct Steering: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure how soon a rollout's pause and changed policy take hold on every worker.",
        discussion:
            "Needs strace, under which the workers run: it sees each chunk that they rewrite.")

    @Argument(help: "How often each command is given.") var repetitions = 10
    @Option(help: "Hosts, all working at once.") var hosts = 8
    @Option(help: "Size of each host's file in MiB; where one is done, all begin anew.") var size = 256
    @Option(help: "Where the random choices come from.") var seed: UInt64 = .random(in: 0...999_999)

    func run() async throws {
        let report = Report("steering", seed: seed)
        try await report.closing {
            let trial = SteeringTrial(hosts: hosts, mebibytes: size, repetitions: repetitions, seed: seed)
            let figures = try await trial.run { report.progress($0) }
            report.lines(
                [Spread.heading]
                    + rows("rollout pause", figures.pause) + rows("rollout set maxPause=1ms", figures.set)
                    + [
                        Spread(figures.chunkMilliseconds).row("before a pause: a chunk lasts, ms"),
                        Spread(figures.chunkKibibytes).row("before a pause: a chunk's size, KiB"),
                    ])
            return [
                ("chunks right before set", figures.chunksBeforeSet),
                ("of them as small as under the new state: not distinguishable", figures.smallBeforeSet),
                ("repetitions", repetitions), ("workers", hosts),
                ("chunks before a pause", figures.chunkMilliseconds.count),
                ("promises broken", 0),
            ]
        }
    }

    private func rows(_ command: String, _ latency: SteeringTrial.Latency) -> [String] {
        [
            Spread(latency.command).row("\(command): the command, ms"),
            Spread(latency.known).row("  command's start -> a worker has it, ms"),
            Spread(latency.heldAfterKnown).row("  -> last chunk of the old way has ended, ms"),
            Spread(latency.held).row("  command's start -> last chunk has ended, ms"),
            Spread(latency.heldAfterAnswer).row("  command's end -> last chunk has ended, ms"),
            Spread(latency.lastChunk).row("  that chunk lasted, ms"),
            Spread(latency.begunAfter.map(Double.init)).row("  chunks begun though the worker had it"),
        ]
    }
}

/// Median, 90th percentile and worst of some measurements.
struct Spread {
    static let heading = line("", ["median", "90 %", "worst", "count"])
    private let sorted: [Double]

    init(_ values: [Double]) {
        sorted = values.sorted()
    }

    func row(_ label: String) -> String {
        func text(_ share: Double) -> String {
            guard let last = sorted.indices.last else { return "-" }
            let tenths = Int((sorted[Int((Double(last) * share).rounded(.up))] * 10).rounded())
            return "\(tenths / 10).\(tenths % 10)"
        }
        return Self.line(label, [text(0.5), text(0.9), text(1), "\(sorted.count)"])
    }

    private static func line(_ label: String, _ columns: [String]) -> String {
        columns.reduce(label + String(repeating: " ", count: max(0, 48 - label.count))) {
            $0 + String(repeating: " ", count: max(1, 10 - $1.count)) + $1
        }
    }
}
