import Contract
import Settings

/// A message that could not be handled.
struct DeadLetter: Hashable, Sendable {
    /// A code, such as `malformed` or `delivery_limit`.
    var reason: String
    /// What is wrong, in words.
    var detail: String?
    /// The queue from which it came.
    var queue: String?
    /// The host for which it was, if that may be believed, or from which it is.
    var host: HostName?
    /// The broker account that published it.
    var account: String?
    /// Its id: that of the task, if it was one.
    var messageID: String?
    /// What it was.
    var type: String?
    var contentType: String?
    /// Its content; empty where it was too large to be kept, and in listings.
    var body: [UInt8]
    /// Length of its content in bytes.
    var size: Int

    /// Reason and detail.
    var why: String { reason + (detail.map { ": \($0)" } ?? "") }

    /// Larger contents are not kept: a task is far smaller.
    static let mostBytes = 256 << 10
    /// The reason of one that the coordinator has set aside itself.
    static let quarantined = "quarantined"
    /// The reason of one that gives none: it was published to the dead letters by hand.
    static let unexplained = "unexplained"
}

extension DeadLetter {
    /// An event that could not be stored.
    init(quarantined event: HostEvent, of host: HostName, id: String?, account: String?, _ error: any Error) {
        let message = Message(
            id: id ?? newMessageID(), source: EventAddress.source(host), body: event)
        let body = (try? message.json()) ?? []
        self.init(
            reason: Self.quarantined, detail: shortened("\(error)", 2000), queue: nil, host: host,
            account: account, messageID: id, type: event.type, contentType: messageContentType,
            body: body.count <= Self.mostBytes ? body : [], size: body.count)
    }

    /// What is left of one that cannot be stored as it is.
    func withoutBody(_ error: String) -> DeadLetter {
        DeadLetter(
            reason: Self.quarantined, detail: shortened(error, 2000), queue: nil, host: host,
            account: account,
            messageID: nil, body: [], size: size)
    }
}
