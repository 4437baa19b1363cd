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
