import AMQP
import BrokerKit

/// Being the only coordinator of a virtual host: an exclusive queue that the broker gives to one connection only, and takes back
/// with it. A second coordinator would send other tasks to the same hosts, and take the answers to the first one's.
enum Lease {
    /// Takes the lease once it is free, and again whenever it was lost, while somebody holds what this returns. Nothing is ever
    /// delivered: what `connection` consumes while it consumes this, it consumes as the only coordinator.
    static func take(on connection: Connection) -> Deliveries {
        connection.consume(
            declaring: Topology.leaseQueue, bindings: [], prefetch: 1, checkedEvery: .seconds(4),
            retriedWithin: .seconds(5))
    }

    /// What it means, and what to do, that the broker does not give it.
    static func trouble(_ error: AMQPError) -> String {
        switch error.code {
        case .preconditionFailed, .inUse:
            "another coordinator is at work on this virtual host: this one does nothing. Stop one of them"
        case .accessRefused:
            "the broker account may not declare and consume the queue \(Topology.leaseQueue.name), by which only one coordinator is at work: give it the rights to configure and read it (\(error.message))"
        default:
            "the queue \(Topology.leaseQueue.name), by which only one coordinator is at work, is lost: this one does nothing until it has it again (\(error.message))"
        }
    }
}
