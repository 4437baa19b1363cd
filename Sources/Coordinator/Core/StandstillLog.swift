import BrokerKit
import Logging

/// Which lines the log has about a core that stands still: at once, after 10 s, after a minute, then every ten; and when it is over.
/// Those that are over within 10 s are told once in ten minutes, with how many there were: a slow disk would fill the log.
struct StandstillLog {
    /// A line of the log.
    struct Line: Hashable, Sendable {
        var level: Logger.Level
        var text: String
    }

    private var standstill: CoreHealth.Standstill?
    /// How long it may last before the next line.
    private var next = Duration.zero
    private var isTold = false
    private var repetitions = Repetitions<CoreHealth.Work>()

    /// Notes how the core is; returns what is to be told.
    mutating func note(_ now: CoreHealth.Standstill?, at time: ContinuousClock.Instant) -> [Line] {
        var lines: [Line] = []
        if let before = standstill, now?.since != before.since {
            if isTold {
                let seconds = before.since.duration(to: now?.since ?? time).components.seconds
                lines.append(Line(level: .notice, text: "the core gets on again, after \(seconds) s"))
            }
            (next, isTold) = (.zero, false)
        }
        standstill = now
        guard let now, now.duration >= next else { return lines }
        next =
            switch now.duration {
            case ..<CoreHealth.longestStandstill: CoreHealth.longestStandstill
            case ..<Duration.seconds(60): .seconds(60)
            default: now.duration + .seconds(600)
            }
        let isShort = now.duration < CoreHealth.longestStandstill
        guard let untold = isShort ? repetitions.isDue(now.work, "", at: time) : 0 else { return lines }
        isTold = true
        let others = untold > 0 ? "; \(untold) times more since that was last said" : ""
        lines.append(
            Line(
                level: now.isHealthy ? .warning : .error,
                text: "the core stands still: \(now.words)\(others)"))
        return lines
    }
}
