public import AMQP
public import Logging

extension Topology {
    /// Declares everything on `connection`, in an order in which each thing finds what it needs.
    ///
    /// - Throws: what declaring throws, of the first thing that is refused.
    public func declare(on connection: Connection) async throws {
        for exchange in exchanges { try await connection.declare(exchange) }
        for queue in queues { _ = try await connection.declare(queue) }
        for (queue, binding) in bindings { try await connection.bind(queue: queue, binding) }
    }

    /// Declares everything each time the broker is reached, which may have come back empty; until cancelled.
    public func keepDeclared(on connection: Connection, log: Logger) async {
        for await state in connection.states where state == .connected {
            while !Task.isCancelled {
                do {
                    try await declare(on: connection)
                    break
                } catch {
                    log.warning("exchanges and queues cannot be declared", metadata: ["error": "\(error)"])
                    try? await Task.sleep(for: .seconds(5))
                }
            }
        }
    }
}
