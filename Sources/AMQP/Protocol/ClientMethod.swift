/// Number of a channel; 0 is the connection itself.
typealias ChannelNumber = UInt16

/// The methods this side sends (AMQP 0-9-1 and RabbitMQ's extensions).
enum ClientMethod: Hashable, Sendable {
    case connectionClose
    case connectionCloseOk
    case channelOpen
    case channelClose
    case channelCloseOk
    case confirmSelect
    case qos(prefetch: UInt16)
    case consume(queue: String, isExclusive: Bool = false, arguments: [String: FieldValue])
    case cancel(consumerTag: String)
    case ack(tag: UInt64)
    case reject(tag: UInt64, requeue: Bool)
    case declareQueue(QueueDefinition)
    case inspectQueue(String)
    case bindQueue(String, exchange: String, routingKey: String, arguments: [String: FieldValue])
    case unbindQueue(String, exchange: String, routingKey: String, arguments: [String: FieldValue])
    case purgeQueue(String)
    case deleteQueue(String, ifUnused: Bool, ifEmpty: Bool)
    case declareExchange(ExchangeDefinition)
    case inspectExchange(String)
    case bindExchange(String, source: String, routingKey: String, arguments: [String: FieldValue])
    case deleteExchange(String)
}

/// A message on its way to an exchange: basic.publish and its content.
struct Publication: Hashable, Sendable {
    var message: Message
    var exchange: String
    var routingKey: String
    var isMandatory: Bool
}

/// What this side sends, in order.
enum Outbound: Hashable, Sendable {
    case method(ChannelNumber, ClientMethod)
    case publish(ChannelNumber, Publication)
}
