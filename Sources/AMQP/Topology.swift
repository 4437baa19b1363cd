/// A queue to declare.
public struct QueueDefinition: Hashable, Sendable {
    /// Its name; empty lets the broker choose one.
    public var name: String
    /// Survives a restart of the broker.
    public var isDurable: Bool
    /// Belongs to this connection alone, and goes with it. (It is declared again by the application after a
    /// reconnection, not by this library.)
    public var isExclusive: Bool
    /// Goes with its last consumer.
    public var isAutoDelete: Bool
    /// Such as `x-queue-type`, `x-delivery-limit`, `x-dead-letter-exchange`.
    public var arguments: [String: FieldValue]

    /// A durable queue.
    public init(
        _ name: String, isDurable: Bool = true, isExclusive: Bool = false, isAutoDelete: Bool = false,
        arguments: [String: FieldValue] = [:]
    ) {
        self.name = name
        self.isDurable = isDurable
        self.isExclusive = isExclusive
        self.isAutoDelete = isAutoDelete
        self.arguments = arguments
    }

    /// A queue that lives as long as its consumer, named by the broker unless `name` is given.
    public static func temporary(
        _ name: String = "", arguments: [String: FieldValue] = [:]
    ) -> QueueDefinition {
        QueueDefinition(
            name, isDurable: false, isExclusive: true, isAutoDelete: true, arguments: arguments)
    }
}

/// What the broker says of a queue when it is declared.
public struct QueueStatus: Hashable, Sendable {
    /// Its name; the broker's choice if none was given.
    public let name: String
    /// Messages ready to be delivered (not those delivered and not acked).
    public let messages: UInt32
    /// Its consumers.
    public let consumers: UInt32
}

/// An exchange to declare.
public struct ExchangeDefinition: Hashable, Sendable {
    /// How an exchange chooses queues.
    public enum Kind: String, Hashable, Sendable {
        case direct, fanout, topic, headers
    }

    /// Its name.
    public var name: String
    /// How it chooses queues.
    public var kind: Kind
    /// Survives a restart of the broker.
    public var isDurable: Bool
    /// Takes messages from other exchanges only.
    public var isInternal: Bool
    /// Such as `alternate-exchange`.
    public var arguments: [String: FieldValue]

    /// A durable exchange.
    public init(
        _ name: String, _ kind: Kind, isDurable: Bool = true, isInternal: Bool = false,
        arguments: [String: FieldValue] = [:]
    ) {
        self.name = name
        self.kind = kind
        self.isDurable = isDurable
        self.isInternal = isInternal
        self.arguments = arguments
    }
}
