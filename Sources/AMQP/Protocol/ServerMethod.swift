/// Why the broker closed a channel or the connection.
struct Closure: Hashable, Sendable {
    var replyCode: UInt16
    var text: String
    /// The method that caused it, as class and method id: basic.publish is (60, 40).
    var classID: UInt16 = 0
    var methodID: UInt16 = 0
}

/// The head of a message that the broker delivers.
struct DeliveryHead: Hashable, Sendable {
    var consumerTag: String
    var tag: UInt64
    var isRedelivered: Bool
    var exchange: String
    var routingKey: String
}

/// The head of a message that the broker gives back: no queue took it.
struct ReturnHead: Hashable, Sendable {
    var replyCode: UInt16
    var text: String
    var exchange: String
    var routingKey: String
}

/// What the broker answers to a request.
enum Reply: Hashable, Sendable {
    case done
    case consuming(consumerTag: String)
    case queue(QueueStatus)
    case messages(UInt32)
}

/// The methods the broker sends.
enum ServerMethod: Hashable, Sendable {
    case connectionClose(Closure)
    case connectionCloseOk
    case blocked(reason: String)
    case unblocked
    case channelOpenOk
    case channelClose(Closure)
    case channelCloseOk
    case cancel(consumerTag: String)
    case deliver(DeliveryHead)
    case returned(ReturnHead)
    case ack(tag: UInt64, multiple: Bool)
    case nack(tag: UInt64, multiple: Bool)
    case reply(Reply)
    /// One that a client of this kind is not sent.
    case unexpected(id: UInt32)
}

/// A frame from the broker.
enum Inbound {
    case method(ChannelNumber, ServerMethod)
    case header(ChannelNumber, bodySize: UInt64, MessageProperties)
    /// The bytes are valid until the next frame is read.
    case body(ChannelNumber, UnsafeRawBufferPointer)
}
