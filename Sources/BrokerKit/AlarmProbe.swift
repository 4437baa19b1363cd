public import AMQP

extension Connection {
    /// Publishes a small message every few seconds, until cancelled, so that ``states`` tells when the broker takes none.
    ///
    /// A broker that is short of memory or disk reads nothing more from publishers, and tells only those that publish
    /// (rabbit_reader, `publish_received`). Hosts cannot say that they live then, and a coordinator that waits for their
    /// answers has nothing to publish and would not hear of it.
    ///
    /// - Parameter report: is called with the error where the account may not publish so, and with `nil` once it may again.
    ///   That is tried again every half minute.
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

    private func probe(_ report: (AMQPError?) -> Void) async {
        // No queue is bound to it: the broker drops what is published.
        let exchange = ExchangeDefinition("reflow.probe", .fanout, isDurable: false)
        var isDeclared = false
        var isRefused: Bool?
        while !Task.isCancelled {
            do {
                if !isDeclared { try await declare(exchange) }
                isDeclared = true
                try await publish(AMQP.Message(body: []), exchange: exchange.name, routingKey: "")
                if isRefused != false { report(nil) }
                isRefused = false
            } catch let error as AMQPError where error.code == .notFound && isDeclared {
                // It was deleted.
                isDeclared = false
                continue
            } catch let error as AMQPError where !error.isRetriable {
                isDeclared = false
                report(error)
                isRefused = true
            } catch {}
            try? await Task.sleep(for: .seconds(isRefused == true ? 30 : 5))
        }
    }
}
