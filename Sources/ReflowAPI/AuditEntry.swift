public import DefragTypes

/// Something that somebody did.
public struct AuditEntry: Codable, Hashable, Sendable {
    /// Grows with every entry.
    public var id: Int64
    /// When.
    public var time: Timestamp
    /// Who: a user of this machine, or the name of a token.
    public var who: String
    /// What was done, such as `rollout.pause`.
    public var action: String
    /// To what: the id of a rollout, of a dead letter.
    public var object: String
    /// With which values.
    public var detail: JSONValue?

    /// An entry; its id is chosen when it is stored.
    public init(
        id: Int64 = 0, time: Timestamp, who: String, action: String, object: String, detail: JSONValue? = nil
    ) {
        (self.id, self.time, self.who) = (id, time, who)
        (self.action, self.object, self.detail) = (action, object, detail)
    }
}
