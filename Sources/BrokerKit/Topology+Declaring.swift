public import AMQP

extension Topology {
    /// Declares everything on `connection`; see ``declare(on:)-(Array<Connection>)``.
    public func declare(on connection: Connection) async throws -> [TopologyProblem] {
        try await declare(on: [connection])
    }

    /// Declares everything, in an order in which each thing finds what it needs; the queues side by side on all `connections`, and
    /// then the bindings. What is refused keeps nothing else from being declared.
    ///
    /// - Returns: what was refused.
    /// - Throws: ``AMQPError`` where it is not one thing's: the connection is lost, or closed.
    public func declare(on connections: [Connection]) async throws -> [TopologyProblem] {
        var problems = try await declare(exchanges, on: Array(connections.prefix(1))) {
            connection, exchange in
            try await connection.declare(exchange)
        } part: {
            .exchange($0.name)
        }
        problems += try await declare(queues, on: connections) { connection, queue in
            try await connection.declare(queue)
        } part: {
            .queue($0.name)
        }
        let refused = Set(problems.map(\.part))
        problems += try await declare(bindings, on: connections) { connection, bound in
            do { try await connection.bind(queue: bound.queue, bound.binding) } catch {
                // Where one of the two is missing it cannot be bound, which would be told twice.
                let isTold =
                    refused.contains(.queue(bound.queue))
                    || refused.contains(.exchange(bound.binding.exchange))
                if !isTold { throw error }
            }
        } part: {
            .binding(queue: $0.queue, exchange: $0.binding.exchange)
        }
        return problems
    }

    /// Declares each of `items`, as many at a time as there are `connections`; returns what was refused, in their order.
    private func declare<Item: Sendable>(
        _ items: [Item], on connections: [Connection],
        work: @escaping @Sendable (Connection, Item) async throws -> Void,
        part: @escaping @Sendable (Item) -> TopologyProblem.Part
    ) async throws -> [TopologyProblem] {
        return try await withThrowingTaskGroup(of: [(Int, TopologyProblem)].self) { group in
            for (first, connection) in connections.enumerated() {
                group.addTask {
                    var refused: [(Int, TopologyProblem)] = []
                    for index in stride(from: first, to: items.count, by: connections.count) {
                        do { try await work(connection, items[index]) } catch let error as AMQPError
                            where TopologyProblem.isOfOnePart(error)
                        {
                            refused.append((index, TopologyProblem(part(items[index]), error)))
                        }
                    }
                    return refused
                }
            }
            var refused: [(Int, TopologyProblem)] = []
            for try await some in group { refused += some }
            return refused.sorted { $0.0 < $1.0 }.map(\.1)
        }
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
