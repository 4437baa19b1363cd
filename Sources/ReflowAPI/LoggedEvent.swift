public import Contract
public import DefragTypes

/// Something that has happened, from the log.
public struct LoggedEvent: Codable, Hashable, Sendable {
    /// Grows with every event.
    public var id: Int64
    /// When.
    public var time: Timestamp
    /// What kind, words with dots between them, such as `rollout.paused`.
    public var type: String
    /// The rollout that it is about.
    public var rollout: String?
    /// The host that it is about.
    public var host: HostName?
    /// What else it is about, such as a file.
    public var subject: String?
    /// What has happened, in words.
    public var text: String

    /// An event; its id is chosen when it is stored.
    public init(
        id: Int64 = 0, time: Timestamp, type: String, rollout: String? = nil, host: HostName? = nil,
        subject: String? = nil, text: String
    ) {
        (self.id, self.time, self.type, self.text) = (id, time, type, text)
        (self.rollout, self.host, self.subject) = (rollout, host, subject)
    }

    /// Every type that there is.
    public static let types = [
        "rollout.started", "rollout.surveyed", "rollout.stage", "rollout.pause", "rollout.paused",
        "rollout.resume", "rollout.retry", "rollout.set", "rollout.windowOpened", "rollout.windowClosed",
        "rollout.hostLost",
        "rollout.hostReturned", "rollout.cancel", "rollout.cancelled", "rollout.completed", "plan.started",
        "plan.surveyed", "plan.hostLost", "plan.hostReturned", "plan.completed", "host.began",
        "host.finished", "host.givenUp", "host.lost", "host.returned", "host.forgotten", "host.twin",
        "host.twinGone", "host.deaf", "host.hears", "host.held", "host.released", "target.done",
        "target.skipped", "target.failed",
        "target.attemptFailed", "broker.away", "broker.back", "broker.queueLost", "broker.queueBack",
        "broker.exchangeLost", "broker.exchangeBack", "broker.bindingLost", "broker.bindingBack",
        "broker.misconfigured", "coordinator.started", "coordinator.active", "coordinator.standby",
        "coordinator.storeBack", "coordinator.clockSet", "message.dead", "message.ignored",
        "rollout.setAside",
    ]
}

/// Which events are asked for.
public struct EventQuery: Hashable, Sendable {
    /// Only of this type, or of types that begin with it and a dot.
    public var type: String?
    /// Only about this host.
    public var host: HostName?
    /// Only about this rollout.
    public var rollout: String?
    /// Only not earlier than this time.
    public var since: Timestamp?
    /// Only with higher ids.
    public var after: Int64?
    /// Most events.
    public var limit: Int

    public init(
        type: String? = nil, host: HostName? = nil, rollout: String? = nil, since: Timestamp? = nil,
        after: Int64? = nil, limit: Int = 100
    ) {
        (self.type, self.host, self.rollout) = (type, host, rollout)
        (self.since, self.after, self.limit) = (since, after, limit)
    }

    /// Whether `event` is of the kind that is asked for; says nothing about the limit.
    public func matches(_ event: LoggedEvent) -> Bool {
        (type.map { event.type == $0 || event.type.hasPrefix($0 + ".") } ?? true)
            && (host.map { event.host == $0 } ?? true)
            && (rollout.map { event.rollout == $0 } ?? true)
            && (since.map { event.time.description >= $0.description } ?? true)
            && (after.map { event.id > $0 } ?? true)
    }
}
