import Rollout

/// Shows a running job on stderr: redrawn lines on a terminal, a line for each host that changed otherwise.
struct LiveView {
    private var screen: Redrawing
    private var phases: [HostWork.Phase] = []

    init(_ screen: Redrawing = Redrawing()) {
        self.screen = screen
    }

    /// Shows `job` as it is now.
    mutating func show(_ job: Job) {
        if screen.isTerminal {
            screen.draw(JobLines(job: job, width: screen.width).lines)
        } else {
            let lines = JobLines(job: job, width: 500).lines
            let now = job.hosts.map(\.work.phase)
            for (index, phase) in now.enumerated() where phases.isEmpty || phases[index] != phase {
                screen.note(lines[index])
            }
            phases = now
        }
    }

    /// Shows `text` above the job's lines.
    mutating func note(_ text: String) {
        screen.note("reflow: \(text)")
    }
}
