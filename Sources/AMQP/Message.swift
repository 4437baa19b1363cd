/// What a message says about itself: the basic properties of AMQP 0-9-1.
public struct MessageProperties: Hashable, Sendable {
    /// MIME type of the body, such as `application/cloudevents+json`.
    public var contentType: String?
    /// The application's kind of message.
    public var type: String?
    /// Identifies the message; a consumer recognises by it what it has seen before.
    public var messageID: String?
    /// The ``messageID`` this is an answer to.
    public var correlationID: String?
    /// The queue to answer to.
    public var replyTo: String?
    /// Seconds since 1970.
    public var timestamp: UInt64?
    /// Whether the broker writes it to disk before it confirms, in durable queues.
    public var isPersistent = true
    /// How long a queue keeps it, with a precision of milliseconds.
    public var expiration: Duration?
    /// 0 to 9, in queues declared with priorities.
    public var priority: UInt8?
    /// The user who published it. The broker refuses a message where this is not the login user, so on a received
    /// message it can be believed; on a published one the connection sets it.
    public internal(set) var userID: String?
    /// The publishing application.
    public var appID: String?
    /// The application's own headers, and those the broker adds (`x-death`, `x-delivery-count`).
    public var headers: [String: FieldValue] = [:]

    /// A persistent message without any further properties.
    public init() {}

    /// An upper bound of the bytes it takes in a header frame.
    var encodedSize: Int {
        let texts = [contentType, type, messageID, correlationID, replyTo, userID, appID]
        return texts.reduce(64) { $0 + 1 + ($1?.utf8.count ?? 0) } + headers.encodedSize
    }

    /// Whether some text is longer than the 255 bytes a short string holds.
    var hasOverlongText: Bool {
        [contentType, type, messageID, correlationID, replyTo, userID, appID].contains {
            ($0?.utf8.count ?? 0) > 255
        } || headers.keys.contains { $0.utf8.count > 255 }
    }
}

/// A message to publish.
public struct Message: Hashable, Sendable {
    /// The content.
    public var body: [UInt8]
    /// What it says about itself.
    public var properties: MessageProperties

    /// A message with `body`, persistent unless the properties say otherwise.
    public init(body: [UInt8], properties: MessageProperties = MessageProperties()) {
        self.body = body
        self.properties = properties
    }
}
