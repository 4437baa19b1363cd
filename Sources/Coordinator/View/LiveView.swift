import Foundation
import Rollout

/// Shows a running job on stderr: redrawn lines on a terminal, a line for each host that changed otherwise.
struct LiveView {
    private let isTerminal: Bool
    private var drawn: [String] = []
    private var phases: [HostWork.Phase] = []

    init(isTerminal: Bool = isatty(STDERR_FILENO) == 1) {
        self.isTerminal = isTerminal
    }

    /// Shows `job` as it is now.
    mutating func show(_ job: Job) {
        if isTerminal {
            redraw(JobLines(job: job, width: terminalWidth() - 1).lines)
        } else {
            let lines = JobLines(job: job, width: 500).lines
            let now = job.hosts.map(\.work.phase)
            for (index, phase) in now.enumerated() where phases.isEmpty || phases[index] != phase {
                write(lines[index] + "\n")
            }
            phases = now
        }
    }

    /// Shows `text` above the job's lines.
    mutating func note(_ text: String) {
        let lines = drawn
        erase()
        write("reflow: \(text)\n")
        if isTerminal { redraw(lines) }
    }

    private mutating func redraw(_ lines: [String]) {
        guard lines != drawn else { return }
        erase()
        write(lines.map { "\($0)\n" }.joined())
        drawn = lines
    }

    private mutating func erase() {
        // Up over the lines, clear to the end of the screen: ECMA-48 CPL and ED.
        if !drawn.isEmpty { write("\u{1B}[\(drawn.count)F\u{1B}[J") }
        drawn = []
    }

    private func write(_ text: String) {
        FileHandle.standardError.write(Data(text.utf8))
    }

    private func terminalWidth() -> Int {
        var size = winsize()
        guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 20 else { return 80 }
        return Int(size.ws_col)
    }
}
