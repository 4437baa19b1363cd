import Contract

/// Something that has happened, from the log.
struct EventView: Codable, Hashable, Sendable {
    /// Grows with every event.
    var id: Int64
    /// When.
    var time: Timestamp
    /// What kind, words with dots between them, such as `rollout.paused`.
    var type: String
    /// The rollout that it is about.
    var rollout: String?
    /// The host that it is about.
    var host: HostName?
    /// What else it is about, such as a file.
    var subject: String?
    /// What has happened, in words.
    var text: String

    /// Every type that there is.
    static let types = [
        "rollout.started", "rollout.surveyed", "rollout.stage", "rollout.pause", "rollout.paused",
        "rollout.resume", "rollout.set", "rollout.windowOpened", "rollout.windowClosed", "rollout.hostLost",
        "rollout.hostReturned", "rollout.cancel", "rollout.cancelled", "rollout.completed", "plan.started",
        "plan.surveyed", "plan.hostLost", "plan.hostReturned", "plan.completed", "host.began",
        "host.finished", "host.givenUp", "host.lost", "host.returned", "host.forgotten", "target.done",
        "target.skipped", "target.failed", "target.attemptFailed", "broker.away", "broker.back",
        "message.dead", "message.ignored",
    ]
}

/// Which events are asked for.
struct EventQuery: Hashable, Sendable {
    /// Only of this type, or of types that begin with it and a dot.
    var type: String?
    /// Only about this host.
    var host: HostName?
    /// Only about this rollout.
    var rollout: String?
    /// Only not earlier than this time.
    var since: Timestamp?
    /// Only with higher ids.
    var after: Int64?
    /// Most events.
    var limit = 100

    /// Whether `event` is of the kind that is asked for; says nothing about the limit.
    func matches(_ event: EventView) -> Bool {
        (type.map { event.type == $0 || event.type.hasPrefix($0 + ".") } ?? true)
            && (host.map { event.host == $0 } ?? true)
            && (rollout.map { event.rollout == $0 } ?? true)
            && (since.map { event.time.description >= $0.description } ?? true)
            && (after.map { event.id > $0 } ?? true)
    }
}

/// Something that somebody did.
struct AuditView: Codable, Hashable, Sendable {
    /// Grows with every entry.
    var id: Int64
    /// When.
    var time: Timestamp
    /// Who: a user of this machine, or the name of a token.
    var who: String
    /// What was done, such as `rollout.pause`.
    var action: String
    /// To what: the id of a rollout, of a dead letter.
    var object: String
    /// With which values.
    var detail: JSONValue?
}
