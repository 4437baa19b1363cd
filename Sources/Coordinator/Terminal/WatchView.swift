import JSON
import ReflowAPI

/// Shows a rollout while it goes on: for people on stderr, redrawn lines on a terminal, a line for each event otherwise; for
/// programs on stdout, an object a line.
struct WatchView {
    private let format: OutputFormat
    private var screen: Redrawing
    private var last: RolloutStatus?
    private var lastTenth: Int?

    init(_ format: OutputFormat = .text, _ screen: Redrawing = Redrawing()) {
        self.format = format
        self.screen = screen
    }

    /// What programs get: one of the two.
    private struct Watched: Encodable {
        var rollout: RolloutStatus?
        var event: LoggedEvent?
    }

    /// Shows `rollout` as it is now.
    mutating func show(_ rollout: RolloutStatus) throws {
        if format == .json {
            if rollout != last { try say(JSONEncoder().text(Watched(rollout: rollout))) }
        } else if screen.isTerminal {
            screen.draw(RolloutLines(rollout: rollout, width: screen.width).lines)
        } else if let line = line(for: rollout) {
            screen.note(line)
        }
        last = rollout
    }

    /// A line where there is no terminal: when it stands elsewhere than before, when its hosts are paused, and at every tenth.
    private mutating func line(for rollout: RolloutStatus) -> String? {
        let tenth = Int(rollout.bytes.share * 10)
        defer { lastTenth = tenth }
        let lines = RolloutLines(rollout: rollout, width: 500)
        let before = last.map { RolloutLines(rollout: $0, width: 500) }
        let stands = last?.standing == rollout.standing && before?.idleness == lines.idleness
        guard !stands || lastTenth != tenth else { return nil }
        return lines.summary + (stands ? "" : lines.obstacle.map { ";\($0.dropFirst())" } ?? "")
    }

    /// Shows an event of the log.
    mutating func show(_ event: LoggedEvent) throws {
        guard format == .text else { return try say(JSONEncoder().text(Watched(event: event))) }
        // Of which rollout is known here.
        screen.note(Tables.event(event, ofRollout: false))
    }

    /// Shows `text` above the lines.
    mutating func note(_ text: String) {
        screen.note("reflow: \(text)")
    }
}
