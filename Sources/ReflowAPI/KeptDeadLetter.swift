public import Contract
public import DefragTypes

/// A message that could not be handled, kept until an operator has looked at it.
public struct KeptDeadLetter: Codable, Hashable, Sendable {
    /// Its id here.
    public var id: String
    /// When it was found.
    public var time: Timestamp
    /// The queue from which it came.
    public var queue: String?
    /// A code, such as `malformed` or `deliveryLimit`.
    public var reason: String
    /// What is wrong, in words.
    public var detail: String?
    /// The message's type, such as `reflow.task.slice`.
    public var type: String?
    /// The message's own id.
    public var messageID: String?
    /// The host for which it was, or from which it came.
    public var host: HostName?
    /// The broker account that published it.
    public var account: String?
    /// Length of the body in bytes.
    public var size: Int
    /// The body, where it is text and was kept; `nil` in listings.
    public var body: String?
}

extension KeptDeadLetter {
    public init(id: String, time: Timestamp, reason: String, size: Int) {
        (self.id, self.time, self.reason, self.size) = (id, time, reason, size)
    }
}
