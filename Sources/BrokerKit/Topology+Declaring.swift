public import AMQP
public import Logging

extension Topology {
    /// Declares everything on `connection`, in an order in which each thing finds what it needs. What is refused keeps nothing
    /// else from being declared.
    ///
    /// - Returns: what was refused.
    /// - Throws: ``AMQPError`` where it is not one thing's: the connection is lost, or closed.
    public func declare(on connection: Connection) async throws -> [TopologyProblem] {
        var problems: [TopologyProblem] = []
        func declare(_ part: TopologyProblem.Part, _ work: () async throws -> Void) async throws {
            do { try await work() } catch let error as AMQPError where TopologyProblem.isOfOnePart(error) {
                problems.append(TopologyProblem(part, error))
            }
        }
        for exchange in exchanges {
            try await declare(.exchange(exchange.name)) { try await connection.declare(exchange) }
        }
        for queue in queues {
            try await declare(.queue(queue.name)) { try await connection.declare(queue) }
        }
        for (queue, binding) in bindings {
            let refused = problems.map(\.part)
            // Where it is missing it cannot be bound, which would be told twice.
            guard !refused.contains(.queue(queue)), !refused.contains(.exchange(binding.exchange)) else {
                try? await connection.bind(queue: queue, binding)
                continue
            }
            try await declare(.binding(queue: queue, exchange: binding.exchange)) {
                try await connection.bind(queue: queue, binding)
            }
        }
        return problems
    }

    /// Declares everything each time the broker is reached, which may have come back empty, and when a queue is missing that
    /// `consuming` is to consume, and every half minute; what is refused is tried again, at least every five seconds. Until
    /// cancelled.
    ///
    /// - Parameters:
    ///   - connection: declares.
    ///   - consuming: whose consumers tell that a queue is gone.
    ///   - log: is told of each problem at once, and at long intervals while it stays.
    ///   - report: is called with what is refused after each attempt, and with nothing once all is declared.
    public func keepDeclared(
        on connection: Connection, missingOn consuming: Connection? = nil, log: Logger,
        report: @escaping @Sendable ([TopologyProblem]) -> Void = { _ in }
    ) async {
        let (wanted, want) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        await withTaskGroup(of: Void.self) { group in
            group.addTask { for await state in connection.states where state == .connected { want.yield() } }
            if let consuming {
                group.addTask {
                    for await state in consuming.states where state.isMissingQueue { want.yield() }
                }
            }
            // Now and then: somebody may have deleted what nobody would miss, such as a binding.
            group.addTask {
                while (try? await Task.sleep(for: Self.declarationInterval)) != nil { want.yield() }
            }
            group.addTask {
                var repetitions = Repetitions<TopologyProblem.Part?>()
                for await _ in wanted { await declareAll(on: connection, log, &repetitions, report) }
            }
            await group.next()
            group.cancelAll()
        }
    }

    /// Pause between two declarations that nothing has caused.
    private static let declarationInterval = Duration.seconds(30)

    private func declareAll(
        on connection: Connection, _ log: Logger, _ repetitions: inout Repetitions<TopologyProblem.Part?>,
        _ report: ([TopologyProblem]) -> Void
    ) async {
        // A quorum queue that is being deleted cannot be declared for a moment.
        var pause = Duration.milliseconds(500)
        while !Task.isCancelled {
            do {
                let problems = try await declare(on: connection)
                report(problems)
                if problems.isEmpty { return }
                for problem in problems {
                    guard repetitions.isDue(problem.part, "\(problem)", at: .now) != nil else { continue }
                    log.warning("a declaration is refused", metadata: ["problem": "\(problem)"])
                }
            } catch is CancellationError {
                return
            } catch {
                if repetitions.isDue(nil, "\(error)", at: .now) != nil {
                    log.warning("exchanges and queues cannot be declared", metadata: ["error": "\(error)"])
                }
            }
            try? await Task.sleep(for: pause)
            pause = min(pause * 2, .seconds(5))
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
