/// What happens to a connection, for logs and readiness.
public enum ConnectionState: Hashable, Sendable {
    /// An attempt to connect begins.
    case connecting
    /// It is up: everything works.
    case connected
    /// The broker is short of memory or disk and reads nothing more from this connection: publishing waits.
    /// Deliveries go on, but acks do not reach it either until it has recovered.
    case blocked(reason: String)
    /// The broker takes messages again.
    case unblocked
    /// The connection is lost or could not be made, and will be tried again.
    case disconnected(AMQPError, retryIn: Duration)
    /// A consumer is subscribed.
    case consuming(queue: String)
    /// A consumer is not subscribed (no such queue, cancelled by the broker), and will be tried again.
    case notConsuming(queue: String, AMQPError, retryIn: Duration)
    /// The broker refused a message of ``Connection/offer(_:key:exchange:routingKey:)``.
    case offerRefused(AMQPError)
    /// Closed at this end; nothing follows.
    case closed
}
