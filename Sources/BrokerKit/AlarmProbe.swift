public import AMQP

extension Connection {
    /// Publishes a small message every few seconds, until cancelled, so that ``states`` tells when the broker takes none.
    ///
    /// A broker that is short of memory or disk reads nothing more from publishers, and tells only those that publish
    /// (rabbit_reader, `publish_received`). Hosts cannot say that they live then, and a coordinator that waits for their
    /// answers has nothing to publish and would not hear of it.
    ///
    /// - Parameter report: is called with the error where the account may not publish so, which is tried again every half minute,
    ///   and where the broker has not answered for 8 s: a process that hangs keeps its connections for two heartbeats, within which
    ///   every host would seem silent. With `nil` once it takes a message again.
    public func probeForAlarms(report: @escaping @Sendable (AMQPError?) -> Void = { _ in }) async {
        var probing: Task<Void, Never>?
        defer { probing?.cancel() }
        for await state in states {
            switch state {
            case .connected:
                probing?.cancel()
                probing = Task { await probe(report) }
            case .disconnected: probing?.cancel()
            default: break
            }
        }
    }

    private func probe(_ report: @escaping @Sendable (AMQPError?) -> Void) async {
        var isDeclared = false
        var isRefused: Bool?
        while !Task.isCancelled {
            let silence = Task {
                guard (try? await Task.sleep(for: .seconds(8))) != nil else { return false }
                report(AMQPError(.timeout, "the broker has not answered for 8 s"))
                return true
            }
            let error = await probeOnce(&isDeclared)
            silence.cancel()
            // Until a message is taken again.
            if await silence.value { isRefused = nil }
            switch error {
            case nil:
                if isRefused != false { report(nil) }
                isRefused = false
            case let error? where error.code == .notFound && isDeclared:
                // It was deleted.
                isDeclared = false
                continue
            case let error? where !error.isRetriable:
                isDeclared = false
                report(error)
                isRefused = true
            default: break
            }
            try? await Task.sleep(for: .seconds(isRefused == true ? 30 : 5))
        }
    }

    /// Publishes one message; `nil` if it was taken.
    private func probeOnce(_ isDeclared: inout Bool) async -> AMQPError? {
        // No queue is bound to it: the broker drops what is published.
        let exchange = ExchangeDefinition("reflow.probe", .fanout, isDurable: false)
        do {
            if !isDeclared { try await declare(exchange) }
            isDeclared = true
            try await publish(AMQP.Message(body: []), exchange: exchange.name, routingKey: "")
            return nil
        } catch {
            return error as? AMQPError ?? AMQPError(.cancelled, "\(error)")
        }
    }
}
