import Contract

/// A message that could not be handled.
struct DeadLetterView: Codable, Hashable, Sendable {
    /// Its id here.
    var id: String
    /// When it was found.
    var time: Timestamp
    /// The queue from which it came.
    var queue: String?
    /// A code, such as `malformed` or `deliveryLimit`.
    var reason: String
    /// What is wrong, in words.
    var detail: String?
    /// The message's type, such as `reflow.task.slice`.
    var type: String?
    /// The message's own id.
    var messageID: String?
    /// The host for which it was, or from which it came.
    var host: HostName?
    /// Length of the body in bytes.
    var size: Int
    /// The body, where it is text and was kept; `nil` in listings.
    var body: String?
}
