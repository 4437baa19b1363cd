import AMQP
import BrokerKit
import Contract
import DefragTypes
import Dispatch
import Glibc
import Logging
import Systemd
import UnixSignals

/// `reflow-worker serve`: tasks in, answers out, until a signal ends it.
struct Server {
    let configuration: ServeConfiguration
    let log: Logger
    let systemd: SystemdNotify

    /// How long a stopping worker waits for its slices' answers to be taken, and in all: what hangs in the kernel by then, on a
    /// frozen file system or a dead device, is left to it.
    private let farewell = Duration.seconds(20)
    private let patience = Duration.seconds(23)

    /// Serves until it is told to stop.
    ///
    /// - Returns: `success`, or `notPermitted` when the broker refuses the credentials right at the start.
    func run() async -> ExitStatus {
        // Two connections: a broker that is short of memory or disk stops reading from publishers, and tasks and
        // control must not wait behind that.
        let incoming = connection("tasks")
        let publishing = connection("events")
        let host = configuration.host
        let orders = configuration.stateDirectory.map(OrdersFile.init(in:))
        let standing = Standing(recall(from: orders))
        let outgoing = Outgoing(connection: publishing, host: host, log: log)
        let ledger = Ledger()
        let certificate = CertificateWatch(configuration.endpoint, log: log)
        let reporter = HostReporter(
            configuration, standing: standing, ledger: ledger, outgoing: outgoing, certificate: certificate)
        let roots = Roots(folders: configuration.roots)
        let held = HeldFiles(roots: roots, log: log)
        let senders = SenderCheck(configuration.trustedUsers, log: log)
        let intake = TaskIntake(
            host: host, ledger: ledger, lanes: Lanes(), held: held,
            slices: SliceRunner(roots: roots, standing: standing, log: log),
            surveys: SurveyRunner(roots: roots, standing: standing, costs: ReflinkCosts()),
            outgoing: outgoing, senders: senders, log: log)
        let control = ControlIntake(
            host: host, standing: standing, orders: orders, outgoing: outgoing, senders: senders, log: log)

        let signals = await endSignals()
        let (stops, stop) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let listener = Task { await listen(to: signals, stop) }
        defer { listener.cancel() }
        await reporter.refreshFigures()
        incoming.start()
        publishing.start()
        // Ready to serve, whether or not the broker is there yet: that is no failure of this unit.
        systemd.send("READY=1\nSTATUS=Connecting to \(configuration.endpoint)")
        return await withTaskGroup(of: ExitStatus?.self) { group in
            // A second worker under the same name is refused the control queue, and takes no tasks then.
            let desired = incoming.consume(queue: QueueName.control(host), prefetch: 8, isExclusive: true)
            // One slice for each file system at once; a few more wait here, so that none is ever without. Those that wait longer
            // than the broker lets a delivery wait (30 minutes) come again, are known, and count towards the delivery limit
            // of 20: 32 slices of ten minutes on one file system do so 11 times.
            let tasks = incoming.consume(queue: QueueName.tasks(host), prefetch: 32, whileConsuming: desired)
            group.addTask {
                await intake.run(tasks); return nil
            }
            group.addTask {
                await control.run(desired) { reporter.mentionState() }
                return nil
            }
            group.addTask {
                await held.run(); return nil
            }
            group.addTask {
                await certificate.run(); return nil
            }
            group.addTask {
                await reporter.reportProgress(); return nil
            }
            group.addTask {
                await reporter.reportState { feedWatchdog(incoming, publishing) }
                return nil
            }
            group.addTask { await watch(publishing, "events") { _ in reporter.mentionState() } }
            group.addTask {
                await watch(incoming, "tasks") { health in
                    if standing.note(deaf: health.deaf(host)) { reporter.mentionState() }
                }
            }
            group.addTask {
                for await _ in stops { return .success }
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
            endLate(as: status)
            await drain(ledger, held)
            await incoming.close()
            await publishing.close()
            group.cancelAll()
            return status
        }
    }

    /// What the worker before was last told.
    private func recall(from orders: OrdersFile?) -> DesiredState {
        guard let orders else {
            log.info("there is no state directory: a pause or a hold does not survive a restart")
            return .initial
        }
        let desired = orders.recall()
        if let hold = desired.hold, hold.isHeld {
            log.warning("held, as before", metadata: ["by": "\(hold.by)", "why": "\(hold.why)"])
        } else if !desired.mayWork {
            log.info("paused, as before", metadata: ["generation": "\(desired.generation)"])
        }
        return desired
    }

    /// Takes signals in, all the time: the first one asks for the end, see ``EndRequests``.
    private func listen(to signals: UnixSignalsSequence, _ stop: AsyncStream<Void>.Continuation) async {
        var requests = EndRequests()
        for await signal in signals {
            switch requests.take(signal) {
            case .end:
                log.info("stopping after the current chunk", metadata: ["signal": "\(signal)"])
                stop.yield()
            case .endNow:
                log.warning(
                    "asked to stop again, ending at once: the answers that are missing come from the next worker",
                    metadata: ["signal": "\(signal)"])
                _exit(ExitStatus.stoppedEarly.rawValue)
            case .ignore: break
            }
        }
    }

    /// Ends the process with `status` after ``patience``, on a thread of its own, unless it has ended by then.
    private func endLate(as status: ExitStatus) {
        let log = log
        DispatchQueue(label: "reflow.farewell").asyncAfter(deadline: .now() + patience.inSeconds) {
            log.warning("work is held up in the kernel (is a file system frozen?), ending without it")
            _exit(status.rawValue)
        }
    }

    private func connection(_ purpose: String) -> Connection {
        Connection(
            configuration.endpoint, ConnectionOptions(name: "reflow-worker \(configuration.host): \(purpose)")
        )
    }

    /// Waits until every answer is with the broker and every file has its own hint back, but not for ever: what is not answered
    /// comes again, and a file system may be frozen.
    private func drain(_ ledger: Ledger, _ held: HeldFiles) async {
        let (ends, end) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let impatience = Task {
            try await Task.sleep(for: farewell)
            ledger.stopWaiting()
            try await Task.sleep(for: .seconds(1))
            end.yield()
        }
        await ledger.waitUntilDrained()
        Task {
            await held.giveAllBack()
            end.yield()
        }
        for await _ in ends { break }
        impatience.cancel()
    }

    /// The watchdog is fed only while both threads that serve the broker turn: engines may rightly be stuck in the
    /// kernel for long.
    private func feedWatchdog(_ connections: Connection...) {
        let isAlive = connections.allSatisfy { $0.lastTurn.duration(to: .now) < .seconds(60) }
        if isAlive { systemd.send("WATCHDOG=1") }
    }

    /// Logs what becomes of a connection, and calls `changed` after each change. Ends with a status when there is no point in
    /// going on.
    private func watch(
        _ connection: Connection, _ purpose: String, changed: (LinkHealth) -> Void
    ) async -> ExitStatus? {
        var linkLog = LinkLog(
            connection, purpose: purpose,
            ifNotConsuming: "if the queue is missing, run 'reflow provision --host \(configuration.host)'",
            ifInUse:
                "another worker consumes as host \(configuration.host), or the broker has not noticed yet that it ended; "
                + "this one takes no tasks meanwhile",
            log: log)
        var health = LinkHealth()
        var wasConnected = false
        for await state in connection.states {
            linkLog.note(state)
            let before = health
            health.note(state)
            if health != before { changed(health) }
            switch state {
            case .connected: wasConnected = true
            case .consuming: systemd.send("STATUS=Consuming from \(configuration.endpoint)")
            // Refused before it ever worked: a wrong password. Later it may be a broker in mid-restart. Whatever else keeps it
            // out (limits, rights, a virtual host that is yet to be made) passes, or is set right at the broker.
            case .disconnected(let error, _) where !wasConnected && error.code == .credentialsRefused:
                log.critical(
                    "the broker does not accept the credentials: check user and password in REFLOW_AMQP_URL, or the certificate's common name"
                )
                return .notPermitted
            default: break
            }
        }
        return nil
    }
}

extension LinkHealth {
    /// Why the worker of `host` gets no tasks, in words; `nil` if it does, or will in a moment.
    func deaf(_ host: HostName) -> String? {
        if let trouble { return "not connected to its queues: \(trouble)" }
        if notConsumed.values.contains(where: { $0.code == .inUse }) {
            return "another worker consumes as host \(host)"
        }
        return notConsumed.min { $0.key < $1.key }.map { "cannot consume the queue '\($0.key)': \($0.value)" }
    }
}
