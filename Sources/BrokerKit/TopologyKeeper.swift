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
        case connected, time
        /// A queue that is to be consumed is not there.
        case queueMissing(String)
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
                        if let queue = state.missingQueue { reason.yield(.queueMissing(queue)) }
                        switch state {
                        case .consuming(let queue):
                            failures[queue] = nil
                            // It may look after all from now on.
                            if queue == Topology.leaseQueue.name { reason.yield(.time) }
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
        /// Whether the broker was reached since all was declared: it may have come back empty.
        var isDue = true
        var missing: Set<TopologyProblem.Part> = []
        /// The exchanges that were missing, to which hosts' queues have yet to be bound again.
        var unbound: Set<String> = []
        var problems: [TopologyProblem] = []
        var refused: Set<TopologyProblem> = []
    }

    private func act(on reason: Reason, _ progress: inout Progress) async {
        if reason == .connected { progress.isDue = true }
        var gone: Set<TopologyProblem.Part> = []
        if case .queueBroken(let queue) = reason {
            // It was this process that was to consume it, as the active one.
            guard await deleteBroken(queue) else { return }
            gone = [.queue(queue)]
        } else {
            guard isActive() else { return }
            if case .queueMissing(let queue) = reason { gone = [.queue(queue)] }
            // Before anything is declared, which would hide it.
            guard await look(&progress) else { return }
        }
        let pause = progress.last?.isWhole == false ? Self.retryInterval : Self.declarationInterval
        if progress.last.map({ .now - $0.at >= pause }) ?? true { progress.isDue = true }
        guard progress.isDue || !progress.missing.isEmpty || !gone.isEmpty else { return }
        // A quorum queue that is being deleted cannot be declared for a moment. What is refused for longer must not hold up looking.
        await declare(
            &progress, gone, pauses: reason == .time && progress.missing.isEmpty ? [] : [500, 1000, 1000])
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

    /// Tells what is missing now, and what was seen again. Returns whether that could be found out, and is this process's to see to.
    private func look(_ progress: inout Progress) async -> Bool {
        guard
            let exchanges = await missing(of: topology.exchanges.map(\.name), connection.inspect(exchange:))
        else { return false }
        progress.unbound.formUnion(Self.hostExchanges.intersection(exchanges))
        // A virtual host that has nothing yet has lost nothing.
        if progress.last != nil || exchanges.count < topology.exchanges.count {
            guard
                let queues = await missing(of: unconsumed, { _ = try await connection.inspect(queue: $0) })
            else { return false }
            var missing = await probe?.missing(on: connection, without: exchanges) ?? []
            missing.formUnion(exchanges.map { .exchange($0) })
            missing.formUnion(queues.map { .queue($0) })
            // Not before it can be used again.
            missing.formUnion(progress.missing.intersection(progress.unbound.map { .exchange($0) }))
            guard isActive() else { return false }
            for part in missing.symmetricDifference(progress.missing) {
                reportMissing(part, missing.contains(part))
            }
            progress.missing = missing
        }
        if let probe, probe.refused != progress.refused { say(progress.problems, &progress) }
        return true
    }

    /// Those of `names` that `inspect` does not find; `nil` if nobody can be asked.
    private func missing(of names: [String], _ inspect: (String) async throws -> Void) async -> Set<String>? {
        var missing: Set<String> = []
        for name in names {
            do { try await inspect(name) } catch {
                guard let error = error as? AMQPError, !error.isRetriable else { return nil }
                if error.code == .notFound { missing.insert(name) }
            }
        }
        return missing
    }

    /// Declares everything if that is due, or else only what is missing and `gone`: what nobody has missed yet would be hidden. Again
    /// after each of these pauses in milliseconds while something is refused.
    private func declare(
        _ progress: inout Progress, _ gone: Set<TopologyProblem.Part>, pauses: [Int]
    ) async {
        for pause in pauses + [0] where !Task.isCancelled {
            let isAll = progress.isDue
            let wanted = isAll ? topology : topology.only(progress.missing.union(gone))
            do {
                var problems = try await wanted.declare(on: connection)
                problems += try await bindHosts(&progress)
                // Of what was not declared now the same is true as before.
                let others = topology.parts.subtracting(wanted.parts)
                say(progress.problems.filter { others.contains($0.part) } + problems, &progress)
                if isAll || !problems.isEmpty { progress.last = (.now, problems.isEmpty) }
                progress.isDue = false
                if problems.isEmpty { return }
            } catch is CancellationError {
                return
            } catch {
                progress.last = (.now, false)
                if progress.repetitions.isDue(nil, "\(error)", at: .now) != nil {
                    log.warning("exchanges and queues cannot be declared", metadata: ["error": "\(error)"])
                }
            }
            guard pause > 0 else { return }
            try? await Task.sleep(for: .milliseconds(pause))
            // It may have gone meanwhile.
            guard isActive(), await look(&progress) else { return }
        }
    }

    private static let hostExchanges: Set = [
        ExchangeName.tasks, ExchangeName.control, ExchangeName.controlAll,
    ]

    /// Binds hosts' queues again to those exchanges that were missing. Returns what is not allowed, of all alike the first.
    ///
    /// - Throws: where it is not one binding's; they are still to be bound then.
    private func bindHosts(_ progress: inout Progress) async throws -> [TopologyProblem] {
        guard !progress.unbound.isEmpty else { return [] }
        var problems: [TopologyProblem] = []
        for host in await hosts() {
            for (queue, binding) in Topology.bindings(of: host)
            where progress.unbound.contains(binding.exchange) {
                do { try await connection.bind(queue: queue, binding) } catch let error as AMQPError
                    where error.code == .notFound
                {
                    // A host whose queue is missing is not provisioned any more.
                } catch let error as AMQPError where error.code == .accessRefused {
                    guard problems.isEmpty else { continue }
                    problems = [TopologyProblem(.binding(queue: queue, exchange: binding.exchange), error)]
                }
            }
        }
        if problems.isEmpty { progress.unbound = [] }
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
