import AMQP
import BrokerKit

/// Being the only coordinator of a virtual host: an exclusive queue that the broker gives to one connection only, and takes back
/// with it. A second coordinator would send other tasks to the same hosts, and take the answers to the first one's.
struct Lease: Sendable {
    let connection: Connection
    let mailbox: Mailbox<CoreInput>

    /// Pause between two attempts.
    private static let pause = Duration.seconds(5)

    /// Returns once this process has the lease.
    func acquire() async {
        while !Task.isCancelled {
            if await isAcquired() { return }
            try? await Task.sleep(for: Self.pause)
        }
    }

    /// Takes the lease again after each time that the connection was lost, until cancelled.
    func keep() async {
        for await state in connection.states where state == .connected { await acquire() }
    }

    private func isAcquired() async -> Bool {
        do {
            try await connection.declare(Topology.leaseQueue)
            mailbox.put(.back(.lease))
            return true
        } catch let error as AMQPError where error.code == .preconditionFailed {
            mailbox.put(
                .away(
                    .lease,
                    "another coordinator is at work on this virtual host: this one does nothing. Stop one of them"
                ))
        } catch let error as AMQPError where error.code == .accessRefused {
            mailbox.put(
                .away(
                    .lease,
                    "the broker account may not declare the queue \(Topology.leaseQueue.name), by which only one coordinator is at work: give it the right to configure it (\(error.message))"
                ))
        } catch {
            // The connection is away, and that is told.
        }
        return false
    }
}
