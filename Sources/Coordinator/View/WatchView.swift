/// Shows a rollout while it goes on, on stderr: redrawn lines on a terminal, a line for each event otherwise.
struct WatchView {
    private var screen: Redrawing
    private var last: RolloutView?
    private var lastTenth: Int?

    init(_ screen: Redrawing = Redrawing()) {
        self.screen = screen
    }

    /// Shows `rollout` as it is now.
    mutating func show(_ rollout: RolloutView) {
        if screen.isTerminal {
            screen.draw(RolloutLines(rollout: rollout, width: screen.width).lines)
        } else if let line = line(for: rollout) {
            screen.note(line)
        }
        last = rollout
    }

    /// A line where there is no terminal: when it stands elsewhere than before, and at every tenth.
    private mutating func line(for rollout: RolloutView) -> String? {
        let tenth = Int(rollout.bytes.share * 10)
        defer { lastTenth = tenth }
        guard last?.standing != rollout.standing || lastTenth != tenth else { return nil }
        return RolloutLines(rollout: rollout, width: 500).summary
    }

    /// Shows an event of the log.
    mutating func show(_ event: EventView) {
        screen.note(Tables.event(event))
    }

    /// Shows `text` above the lines.
    mutating func note(_ text: String) {
        screen.note("reflow: \(text)")
    }
}
