import AMQP
import BrokerKit

/// Keeps exchanges, queues and bindings declared: at each connection, as the broker may have come back empty, when a queue is
/// found missing, and now and then, as somebody may have deleted what nobody would miss otherwise.
struct TopologyKeeper: Sendable {
    let topology: Topology
    let publishing: Connection
    let consuming: Connection
    let mailbox: Mailbox<CoreInput>

    /// Pause between two declarations, with nothing to cause one.
    private static let interval = Duration.seconds(30)

    /// Runs until cancelled.
    func run() async {
        let (wakes, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        await withDiscardingTaskGroup { group in
            group.addTask { for await state in publishing.states where state == .connected { wake.yield() } }
            group.addTask {
                for await state in consuming.states {
                    if case .notConsuming = state { wake.yield() }
                }
            }
            group.addTask {
                while (try? await Task.sleep(for: Self.interval)) != nil { wake.yield() }
                wake.finish()
            }
            for await _ in wakes {
                do {
                    try await topology.declare(on: publishing)
                    mailbox.put(.warnings([]))
                } catch let error as AMQPError where !error.isRetriable {
                    mailbox.put(.warnings([error.message]))
                } catch {
                    // Without a connection there is nothing to be told: that is known.
                }
            }
        }
    }
}
