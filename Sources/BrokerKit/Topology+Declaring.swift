public import AMQP

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

    /// These parts alone, with the bindings that went with them.
    func only(_ parts: Set<TopologyProblem.Part>) -> Topology {
        var some = self
        some.exchanges.removeAll { !parts.contains(.exchange($0.name)) }
        some.queues.removeAll { !parts.contains(.queue($0.name)) }
        some.bindings.removeAll { queue, binding in
            parts.isDisjoint(with: [
                .queue(queue), .exchange(binding.exchange),
                .binding(queue: queue, exchange: binding.exchange),
            ])
        }
        return some
    }

    /// All that is declared.
    var parts: Set<TopologyProblem.Part> {
        Set(
            exchanges.map { .exchange($0.name) } + queues.map { .queue($0.name) }
                + bindings.map { .binding(queue: $0.queue, exchange: $0.binding.exchange) })
    }
}
