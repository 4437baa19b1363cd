/// The messages delivered to one consumer, for as long as somebody holds this sequence or iterates over it.
///
/// It outlives connections: after a reconnection the consumer is subscribed again, and so it is when its queue was
/// missing or was deleted. It ends when the connection is closed, or the iterating task is cancelled. When it is let
/// go, the consumer is cancelled, and what was delivered but not read goes back to the queue; what was read can
/// still be settled.
public struct Deliveries: AsyncSequence, Sendable {
    let consumer: ConsumerHandle

    /// Iterates over deliveries; several at a time share them.
    public struct Iterator: AsyncIteratorProtocol {
        let consumer: ConsumerHandle

        /// The next delivery; `nil` when the connection is closed or the task is cancelled.
        public mutating func next() async -> Delivery? {
            await consumer.queue.next()
        }
    }

    public func makeAsyncIterator() -> Iterator {
        Iterator(consumer: consumer)
    }
}

/// Holds a subscription; letting it go ends it.
final class ConsumerHandle: Sendable {
    let queue: DeliveryQueue
    let id: ConsumerID
    /// Held, because letting a connection go closes it, and a loop over deliveries may be its last use.
    private let connection: Connection

    init(_ id: ConsumerID, _ queue: DeliveryQueue, _ connection: Connection) {
        self.id = id
        self.queue = queue
        self.connection = connection
    }

    deinit {
        connection.core.post(.unsubscribe(id))
    }
}
