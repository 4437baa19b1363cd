import Defrag
import DefragTypes
import Settings

/// Text for people: a bar that moves on a terminal, otherwise a line now and then, on standard error; a summary of
/// each file on standard output.
struct TextReport: DefragReport {
    private let isTerminal: Bool
    private var throttle: Throttle
    private var line = ProgressLine()
    private var isDrawn = false
    private let stop: StopRequest

    init(stop: StopRequest) {
        self.stop = stop
        isTerminal = terminalWidth() != nil
        throttle = Throttle(interval: isTerminal ? .milliseconds(100) : .seconds(10))
    }

    mutating func advanced(_ path: String, _ progress: DefragProgress) {
        line.count(progress, of: path)
        guard throttle.isDue() else { return }
        if isTerminal {
            // Carriage return, then clear to the end: what was there before may have been longer.
            standardError("\r\(line.text(progress, width: (terminalWidth() ?? 80) - 1))\u{1B}[K")
            isDrawn = true
        } else {
            standardError(line.text(progress, width: nil) + "\n")
        }
    }

    mutating func ended(_ result: DefragResult, allocated: ByteCount) {
        if isDrawn { standardError("\r\u{1B}[K") }
        isDrawn = false
        if let message = result.trouble { standardError("reflow-worker: \(message)\n") }
        if result.inode != 0, !standardOutput(result.summary(allocated: allocated) + "\n") { stop.request() }
    }
}

/// The line that says how far a run is.
struct ProgressLine {
    private var path = ""
    private var start: (offset: ByteCount, elapsed: Duration) = (.zero, .zero)
    private var longestPause = Duration.zero

    /// Takes note of `progress`, whether or not it will be shown.
    mutating func count(_ progress: DefragProgress, of path: String) {
        if PathKey(path.plain) != PathKey(self.path) {
            self.path = path.plain
            start = (progress.offset, progress.elapsed)
            longestPause = .zero
        }
        longestPause = max(longestPause, progress.pause)
    }

    /// The line in at most `width` columns; with a bar if there is room for one, without where there is no width.
    func text(_ progress: DefragProgress, width: Int?) -> String {
        let size = Double(max(progress.size.rawValue, 1))
        let share = min(1, Double(progress.offset.rawValue) / size)
        let seconds = progress.elapsed.inSeconds
        let rate = seconds > 0 ? Double(progress.rewritten.rawValue) / seconds / 1_048_576 : 0
        let tail = [
            "\(Int(share * 100))%".padded(to: 4, left: true),
            progress.isSlowed
                ? "slow: rests" : "\(Int(rate.rounded()))".padded(to: 4, left: true) + " MiB/s",
            "longest pause " + longestPause.text.padded(to: 5, left: true),
            timeToGo(progress).padded(to: 10),
        ].joined(separator: "  ")
        guard let width else { return "\(path): \(tail.trimmed)" }
        let name = path.lastPathComponent
        let room = width - tail.count - 2
        guard room >= 6 else { return String(tail.prefix(width)) }
        let shownName = room - name.count - 2 >= 12 ? name : ""
        let bar = bar(share, width: min(40, room - (shownName.isEmpty ? 0 : shownName.count + 2)))
        return (shownName.isEmpty ? "" : shownName + "  ") + bar + "  " + tail
    }

    private func bar(_ share: Double, width: Int) -> String {
        let inner = max(1, width - 2)
        let full = Int(share * Double(inner))
        let head = full < inner ? ">" : ""
        return "[" + String(repeating: "=", count: full) + head
            + String(repeating: " ", count: inner - full - head.count) + "]"
    }

    /// By the speed so far; nothing in the first second, when that says little.
    private func timeToGo(_ progress: DefragProgress) -> String {
        let covered = Double((progress.offset - start.offset).rawValue)
        let seconds = (progress.elapsed - start.elapsed).inSeconds
        guard covered > 0, seconds >= 1 else { return "" }
        let rest = Double((progress.size - progress.offset).rawValue) / covered * seconds
        return "\(Duration.seconds(max(1, rest.rounded())).text) left"
    }
}

extension String {
    fileprivate var trimmed: String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
