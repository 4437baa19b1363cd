import AMQP
import BrokerKit
import Contract
import DefragTypes
import Logging
import UnixSignals

/// `reflow-worker serve`: tasks in, answers out, until SIGTERM or SIGINT.
struct Server {
    let configuration: ServeConfiguration
    let log: Logger
    let systemd: SystemdNotify

    /// How long a stopping worker waits for its slices' answers to be taken.
    private let farewell = Duration.seconds(20)

    /// Serves until it is told to stop.
    ///
    /// - Returns: `success`, or `notPermitted` when the broker refuses the login right at the start.
    func run() async -> ExitStatus {
        // Two connections: a broker that is short of memory or disk stops reading from publishers, and tasks and
        // control must not wait behind that.
        let incoming = connection("tasks")
        let publishing = connection("events")
        let host = configuration.host
        let standing = Standing()
        let outgoing = Outgoing(connection: publishing, host: host, log: log)
        let reporter = HostReporter(
            standing: standing, outgoing: outgoing, interval: configuration.stateInterval,
            labels: configuration.labels)
        let ledger = Ledger()
        let roots = Roots(folders: configuration.roots)
        let intake = TaskIntake(
            host: host, ledger: ledger, lanes: Lanes(), slices: SliceRunner(roots: roots, standing: standing),
            surveys: SurveyRunner(roots: roots, standing: standing, costs: ReflinkCosts()),
            outgoing: outgoing, log: log)
        let control = ControlIntake(host: host, standing: standing, outgoing: outgoing, log: log)

        let stops = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        incoming.start()
        publishing.start()
        // Ready to serve, whether or not the broker is there yet: that is no failure of this unit.
        systemd.send("READY=1\nSTATUS=Connecting to \(configuration.endpoint)")
        return await withTaskGroup(of: ExitStatus?.self) { group in
            // One slice for each file system at once; a few more wait here, so that none is ever without.
            group.addTask {
                await intake.run(incoming.consume(queue: QueueName.tasks(host), prefetch: 32)); return nil
            }
            group.addTask {
                await control.run(incoming.consume(queue: QueueName.control(host), prefetch: 8)) {
                    reporter.mentionState()
                }
                return nil
            }
            group.addTask {
                await reporter.reportProgress(); return nil
            }
            group.addTask {
                await reporter.reportState { feedWatchdog(incoming, publishing) }
                return nil
            }
            group.addTask { await watch(publishing, "events", reporter: reporter) }
            group.addTask { await watch(incoming, "tasks", reporter: nil) }
            group.addTask {
                for await signal in stops {
                    log.info("stopping after the current chunk", metadata: ["signal": "\(signal)"])
                    return .success
                }
                return nil
            }
            var status = ExitStatus.success
            for await ended in group {
                guard let ended else { continue }
                status = ended
                break
            }
            systemd.send("STOPPING=1")
            standing.leave()
            await drain(ledger)
            await incoming.close()
            await publishing.close()
            group.cancelAll()
            return status
        }
    }

    private func connection(_ purpose: String) -> Connection {
        Connection(
            configuration.endpoint, ConnectionOptions(name: "reflow-worker \(configuration.host): \(purpose)")
        )
    }

    /// Waits until every answer is with the broker, but not for ever: what is not answered comes again.
    private func drain(_ ledger: Ledger) async {
        let impatience = Task {
            try await Task.sleep(for: farewell)
            await ledger.stopWaiting()
        }
        await ledger.waitUntilDrained()
        impatience.cancel()
    }

    /// The watchdog is fed only while both threads that serve the broker turn: engines may rightly be stuck in the
    /// kernel for long.
    private func feedWatchdog(_ connections: Connection...) {
        let isAlive = connections.allSatisfy { $0.lastTurn.duration(to: .now) < .seconds(60) }
        if isAlive { systemd.send("WATCHDOG=1") }
    }

    /// Logs what becomes of a connection. Ends with a status when there is no point in going on.
    private func watch(_ connection: Connection, _ purpose: String, reporter: HostReporter?) async
        -> ExitStatus?
    {
        let linkLog = LinkLog(
            connection, purpose: purpose,
            ifNotConsuming: "if the queue is missing, run 'reflow provision --host \(configuration.host)'",
            log: log)
        var wasConnected = false
        for await state in connection.states {
            linkLog.note(state)
            switch state {
            case .connected:
                wasConnected = true
                reporter?.mentionState()
            case .consuming: systemd.send("STATUS=Consuming from \(configuration.endpoint)")
            // Refused before it ever worked: a wrong password. Later it may be a broker in mid-restart.
            case .disconnected(let error, _)
            where !wasConnected && [.accessRefused, .vhostNotFound].contains(error.code):
                log.critical(
                    "the broker refuses the login: check user, password and vhost in REFLOW_AMQP_URL")
                return .notPermitted
            default: break
            }
        }
        return nil
    }
}
