public import AMQP

extension Connection {
    /// Publishes a small message every few seconds, until cancelled, so that ``states`` tells when the broker takes none.
    ///
    /// A broker that is short of memory or disk reads nothing more from publishers, and tells only those that publish
    /// (rabbit_reader, `publish_received`). Hosts cannot say that they live then, and a coordinator that waits for their
    /// answers has nothing to publish and would not hear of it.
    public func probeForAlarms() async {
        // No queue is bound to it: the broker drops what is published.
        let exchange = ExchangeDefinition("reflow.probe", .fanout, isDurable: false)
        var probing: Task<Void, Never>?
        defer { probing?.cancel() }
        for await state in states {
            switch state {
            case .connected:
                probing?.cancel()
                probing = Task {
                    guard (try? await declare(exchange)) != nil else { return }
                    while (try? await Task.sleep(for: .seconds(5))) != nil {
                        offer(AMQP.Message(body: []), key: "probe", exchange: exchange.name, routingKey: "")
                    }
                }
            // The latter where the account may not do it, for example.
            case .disconnected, .offerRefused: probing?.cancel()
            default: break
            }
        }
    }
}
