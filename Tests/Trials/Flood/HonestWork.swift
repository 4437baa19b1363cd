import JSON
import Support

/// What simulated hosts have done, as `fleet-simulator` counts it.
final class HonestWork {
    private struct Line: Decodable {
        var time: Double
        var slices: Int
        var done: Int
        var doneAgain: Int
    }

    private let text: GrowingText
    private var lines: [Line] = []

    init(_ simulator: Process) {
        text = GrowingText(simulator.outputFile)
    }

    private func read() throws {
        for line in text.newLines() { lines.append(try JSONDecoder().decode(Line.self, from: String(line))) }
    }

    /// Files whose end was reached so far, and those of which that happened more than once.
    func done() throws -> (once: Int, again: Int) {
        try read()
        return (lines.last?.done ?? 0, lines.last?.doneAgain ?? 0)
    }

    /// Files that were finished between two moments, by the system's clock.
    func done(from start: Double, to end: Double) throws -> Int {
        try read()
        func count(_ time: Double) -> Int { lines.last { $0.time <= time }?.done ?? 0 }
        return count(end) - count(start)
    }
}
