public import AMQP
public import Contract
public import Logging

/// Keeps a topology declared: each time the broker is reached, which may have come back empty; when a queue is missing that is to be
/// consumed; when an exchange, a binding or a queue that nobody consumes was deleted, which is looked for every two seconds; and now and then.
public struct TopologyKeeper: Sendable {
    private let topology: Topology
    private let connection: Connection
    private let consuming: Connection?
    private let probe: RouteProbe?
    private let log: Logger
    private let states: AsyncStream<ConnectionState>
    private let consumersStates: AsyncStream<ConnectionState>?

    /// Whether it is this process that looks after it: another one that declares what is missing would hide it.
    public var isActive: @Sendable () -> Bool = { true }
    /// Queues of the topology that nothing here consumes, so that no consumer tells when one is deleted.
    public var unconsumed: [String] = []
    /// The hosts whose queues are bound again when one of their exchanges was deleted, as their bindings went with it.
    public var hosts: @Sendable () async -> [HostName] = { [] }
    /// Is called with what is refused after each attempt, and with nothing once all is declared.
    public var report: @Sendable ([TopologyProblem]) -> Void = { _ in }
    /// Is called with each exchange, binding or unconsumed queue that is found missing, and again once it was seen.
    public var reportMissing: @Sendable (TopologyProblem.Part, _ isMissing: Bool) -> Void = { _, _ in }

    /// Declares on `connection`. The consumers of `consuming` tell that a queue is gone, and `probe`, which is handed what they bring, that
    /// a binding is. `log` is told of each problem at once, and at long intervals while it stays.
    public init(
        _ topology: Topology, on connection: Connection, consuming: Connection? = nil,
        probe: RouteProbe? = nil, log: Logger
    ) {
        (self.topology, self.connection, self.consuming, self.probe) = (
            topology, connection, consuming, probe
        )
        self.log = log
        states = connection.states
        consumersStates = consuming?.states
    }

    /// Why something is to be done.
    private enum Reason: Equatable {
        case connected, queueMissing, time
        /// The broker fails over this queue, again and again.
        case queueBroken(String)
    }

    /// Pause between two looks.
    private static let interval = Duration.seconds(2)
    /// Pauses after what was refused, and after anything.
    private static let retryInterval = Duration.seconds(5)
    private static let declarationInterval = Duration.seconds(30)

    /// Keeps it declared until cancelled, or the connection is closed.
    public func run() async {
        let (reasons, reason) = AsyncStream.makeStream(of: Reason.self, bufferingPolicy: .bufferingNewest(64))
        await withTaskGroup(of: Void.self) { group in
            group.addTask { for await state in states where state == .connected { reason.yield(.connected) } }
            if let consumersStates {
                group.addTask {
                    var failures: [String: Int] = [:]
                    for await state in consumersStates {
                        probe?.note(state)
                        if state.isMissingQueue { reason.yield(.queueMissing) }
                        switch state {
                        case .consuming(let queue): failures[queue] = nil
                        case .notConsuming(let queue, let error, _) where error.code == .queueBroken:
                            failures[queue, default: 0] += 1
                            if failures[queue, default: 0] > 1 { reason.yield(.queueBroken(queue)) }
                        default: break
                        }
                    }
                }
            }
            group.addTask {
                while (try? await Task.sleep(for: Self.interval)) != nil { reason.yield(.time) }
            }
            group.addTask {
                var progress = Progress()
                for await reason in reasons { await act(on: reason, &progress) }
            }
            await group.next()
            group.cancelAll()
        }
    }

    private struct Progress {
        var repetitions = Repetitions<TopologyProblem.Part?>()
        /// When something was declared last, and whether all was; `nil` before the first time.
        var last: (at: ContinuousClock.Instant, isWhole: Bool)?
        var missing: Set<TopologyProblem.Part> = []
        var problems: [TopologyProblem] = []
        var refused: Set<TopologyProblem> = []
    }

    private func act(on reason: Reason, _ progress: inout Progress) async {
        if case .queueBroken(let queue) = reason {
            // It was this process that was to consume it, as the active one.
            guard await deleteBroken(queue) else { return }
        } else if reason != .connected {
            guard isActive() else { return }
            // Before anything is declared, which would hide it.
            await look(&progress)
        }
        let pause = progress.last?.isWhole == false ? Self.retryInterval : Self.declarationInterval
        guard
            reason != .time || !progress.missing.isEmpty
                || progress.last.map({ .now - $0.at >= pause }) ?? true
        else { return }
        // A quorum queue that is being deleted cannot be declared for a moment. What is refused for longer must not hold up looking.
        await declare(
            &progress, pauses: reason == .time && progress.missing.isEmpty ? [] : [500, 1000, 1000])
    }

    /// Deletes a queue that the broker cannot let anybody consume, if there is nothing in it. What it held is lost, as is what was
    /// published to it: the broker refuses that. Returns whether it is to be declared again.
    private func deleteBroken(_ queue: String) async -> Bool {
        guard topology.queues.contains(where: { $0.name == queue }) else { return false }
        do {
            let status = try await connection.inspect(queue: queue)
            guard status.messages == 0, status.consumers == 0 else { return false }
            _ = try await connection.delete(queue: queue)
            log.warning("a broken queue is declared anew", metadata: ["queue": "\(queue)"])
            return true
        } catch {
            log.warning(
                "a broken queue cannot be deleted", metadata: ["queue": "\(queue)", "error": "\(error)"])
            return false
        }
    }

    /// Tells what is missing now, and what was seen again.
    private func look(_ progress: inout Progress) async {
        // Without the right to look after it, nothing is known of it.
        if progress.last != nil, let missing = await missing(), isActive() {
            for part in missing.symmetricDifference(progress.missing) {
                reportMissing(part, missing.contains(part))
            }
            progress.missing = missing
        }
        if let probe, probe.refused != progress.refused { say(progress.problems, &progress) }
    }

    /// The exchanges, bindings and unconsumed queues that are missing; `nil` if nobody can be asked.
    private func missing() async -> Set<TopologyProblem.Part>? {
        var missing: Set<String> = []
        for exchange in topology.exchanges {
            do { try await connection.inspect(exchange: exchange.name) } catch let error as AMQPError
                where error.code == .notFound
            { missing.insert(exchange.name) } catch { return nil }
        }
        var queues: Set<TopologyProblem.Part> = []
        for queue in unconsumed {
            do { _ = try await connection.inspect(queue: queue) } catch let error as AMQPError
                where error.code == .notFound
            { queues.insert(.queue(queue)) } catch { return nil }
        }
        let bindings = await probe?.missing(on: connection, without: missing) ?? []
        return bindings.union(queues).union(missing.map { .exchange($0) })
    }

    /// Declares everything, again after each of these pauses in milliseconds while something is refused.
    private func declare(_ progress: inout Progress, pauses: [Int]) async {
        for pause in pauses + [0] where !Task.isCancelled {
            progress.last = (.now, false)
            do {
                var problems = try await topology.declare(on: connection)
                problems += await bindHosts(after: progress.missing)
                progress.last = (.now, problems.isEmpty)
                say(problems, &progress)
                if problems.isEmpty { return }
            } catch is CancellationError {
                return
            } catch {
                if progress.repetitions.isDue(nil, "\(error)", at: .now) != nil {
                    log.warning("exchanges and queues cannot be declared", metadata: ["error": "\(error)"])
                }
            }
            guard pause > 0 else { return }
            try? await Task.sleep(for: .milliseconds(pause))
            // It may have gone meanwhile.
            if isActive() { await look(&progress) }
        }
    }

    /// Binds hosts' queues again to those exchanges that were missing. Returns what is not allowed, of all alike the first.
    private func bindHosts(after missing: Set<TopologyProblem.Part>) async -> [TopologyProblem] {
        let lost = [ExchangeName.tasks, ExchangeName.control, ExchangeName.controlAll].filter {
            missing.contains(.exchange($0))
        }
        guard !lost.isEmpty else { return [] }
        var problems: [TopologyProblem] = []
        for host in await hosts() {
            for (queue, binding) in Topology.bindings(of: host) where lost.contains(binding.exchange) {
                do { try await connection.bind(queue: queue, binding) } catch {
                    // A host whose queue is missing is not provisioned any more.
                    guard let error = error as? AMQPError, error.code == .accessRefused, problems.isEmpty
                    else { continue }
                    problems.append(
                        TopologyProblem(.binding(queue: queue, exchange: binding.exchange), error))
                }
            }
        }
        return problems
    }

    private func say(_ problems: [TopologyProblem], _ progress: inout Progress) {
        progress.problems = problems
        progress.refused = probe?.refused ?? []
        let all = problems + progress.refused
        report(all)
        for problem in all where progress.repetitions.isDue(problem.part, "\(problem)", at: .now) != nil {
            log.warning("a declaration is refused", metadata: ["problem": "\(problem)"])
        }
    }
}

extension ConnectionState {
    /// A consumer has found its queue missing, or was told that it is gone.
    fileprivate var isMissingQueue: Bool {
        guard case .notConsuming(_, let error, _) = self else { return false }
        return [.notFound, .cancelled].contains(error.code)
    }
}
