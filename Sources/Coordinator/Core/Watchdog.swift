import Logging
import ServiceLifecycle
import Systemd

/// Looks at the core from outside: feeds systemd's watchdog while the core gets on, or waits for its disk (another start would
/// wait for that, too), and tells in the log when the core stands still.
struct WatchdogService: Service {
    let health: CoreHealth
    let systemd: SystemdNotify
    let log: Logger

    private static let interval = Duration.seconds(1)

    func run() async throws {
        try? await cancelWhenGracefulShutdown {
            var lines = StandstillLog()
            while true {
                let standstill = health.standstill()
                for line in lines.note(standstill, at: .now) {
                    log.log(level: line.level, "\(line.text)")
                    systemd.send("STATUS=\(line.text)")
                }
                if standstill?.isHealthy ?? true || standstill?.work == .storing {
                    systemd.send("WATCHDOG=1")
                }
                try await Task.sleep(for: Self.interval)
            }
        }
    }
}

/// Which lines the log has about a core that stands still: at once, after 10 s, after a minute, then every ten; and when it is over.
struct StandstillLog {
    /// A line of the log.
    struct Line: Hashable, Sendable {
        var level: Logger.Level
        var text: String
    }

    private var standstill: CoreHealth.Standstill?
    /// How long it may last before the next line.
    private var next = Duration.zero

    /// Notes how the core is; returns what is to be told.
    mutating func note(_ now: CoreHealth.Standstill?, at time: ContinuousClock.Instant) -> [Line] {
        var lines: [Line] = []
        if let before = standstill, now?.since != before.since {
            let seconds = before.since.duration(to: now?.since ?? time).components.seconds
            lines.append(Line(level: .notice, text: "the core gets on again, after \(seconds) s"))
            next = .zero
        }
        standstill = now
        guard let now, now.duration >= next else { return lines }
        next =
            switch now.duration {
            case ..<CoreHealth.longestStandstill: CoreHealth.longestStandstill
            case ..<Duration.seconds(60): .seconds(60)
            default: now.duration + .seconds(600)
            }
        lines.append(
            Line(level: now.isHealthy ? .warning : .error, text: "the core stands still: \(now.words)"))
        return lines
    }
}
