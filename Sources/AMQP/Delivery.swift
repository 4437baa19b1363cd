/// A message that the broker has delivered and holds until it is acked or rejected.
public struct Delivery: Sendable {
    /// The content of a delivery.
    public enum Body: Hashable, Sendable {
        /// All of it.
        case complete([UInt8])
        /// Longer than ``ConnectionOptions/maxBodySize``, and discarded; `size` in bytes.
        case tooLarge(size: UInt64)
    }

    /// What the message says about itself.
    public let properties: MessageProperties
    /// The content.
    public let body: Body
    /// The exchange it was published to.
    public let exchange: String
    /// The key it was published with.
    public let routingKey: String
    /// Whether it may have been delivered before, to anybody.
    public let isRedelivered: Bool

    let core: ConnectionCore
    let incarnation: Incarnation
    let tag: UInt64

    /// Bytes of the content that are held.
    var size: Int { if case .complete(let bytes) = body { bytes.count } else { 0 } }

    /// How often it was delivered before and came back unacked; quorum queues count it (`x-delivery-count`).
    public var deliveryCount: Int? { properties.headers["x-delivery-count"]?.integerValue.map(Int.init) }

    /// Tells the broker that it is done with. Does not wait; a second settlement does nothing.
    ///
    /// - Returns: `false` if that came too late: the connection it was delivered by is lost, and the broker
    ///   delivers it again to somebody. (`true` is no proof that the broker has heard it.)
    @discardableResult
    public func ack() -> Bool {
        core.settle(incarnation, tag, .ack)
    }

    /// Gives it back: to the queue, or (without `requeue`) to the dead-letter exchange, or to nobody.
    ///
    /// - Returns: as for ``ack()``.
    @discardableResult
    public func reject(requeue: Bool) -> Bool {
        core.settle(incarnation, tag, .reject(requeue: requeue))
    }
}

/// What it takes to settle a delivery, without its content: for those who settle it long after they have read it.
public struct DeliveryReceipt: Sendable {
    let core: ConnectionCore
    let incarnation: Incarnation
    let tag: UInt64

    /// As ``Delivery/ack()``.
    @discardableResult
    public func ack() -> Bool {
        core.settle(incarnation, tag, .ack)
    }
}

extension Delivery {
    /// What it takes to settle this delivery.
    public var receipt: DeliveryReceipt { DeliveryReceipt(core: core, incarnation: incarnation, tag: tag) }
}
