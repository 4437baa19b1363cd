/// Names of the exchanges, as the broker knows them.
public enum ExchangeName {
    /// Direct; routing key is the host.
    public static let tasks = "reflow.tasks"
    /// Direct; routing key is the host.
    public static let control = "reflow.control"
    /// Fanout to every host's control queue.
    public static let controlAll = "reflow.control.all"
    /// Topic; routing key is `<host>.<event type>`.
    public static let events = "reflow.events"
    /// Fanout; takes what could not be handled, with the reason.
    public static let dead = "reflow.dead"
    /// Fanout; alternate exchange of the others: takes what had no queue.
    public static let unroutable = "reflow.unroutable"
}

/// Names of the queues, as the broker knows them.
public enum QueueName {
    /// The tasks of one host.
    public static func tasks(_ host: HostName) -> String { "\(taskPrefix)\(host)" }
    /// The desired state of one host: the last value only.
    public static func control(_ host: HostName) -> String { "\(controlPrefix)\(host)" }
    /// The host whose queue of either kind `queue` is; `nil` for any other.
    public static func host(ofQueue queue: String) -> HostName? {
        [taskPrefix, controlPrefix].first { queue.hasPrefix($0) }.flatMap {
            HostName(String(queue.dropFirst($0.count)))
        }
    }
    private static let taskPrefix = "reflow.tasks."
    private static let controlPrefix = "reflow.control."
    /// Every event, for the coordinator.
    public static let coordinator = "reflow.coordinator"
    /// Every event, as a stream that can be replayed.
    public static let history = "reflow.history"
    /// What could not be handled.
    public static let dead = "reflow.dead"
    /// What had no queue.
    public static let unroutable = "reflow.unroutable"
}

/// Names of the accounts at the broker. No host can be called like one of the others: its name has no dot.
public enum AccountName {
    /// The coordinator's (`reflow serve`).
    public static let coordinator = "reflow.coordinator"
    /// That of jobs in the foreground (`reflow run`), and of operators without a coordinator (`reflow control`).
    public static let job = "reflow.job"
    /// That of consumers of events.
    public static let watch = "reflow.watch"
    /// That of `reflow provision`.
    public static let provision = "reflow.provision"
    /// A host's own.
    public static func host(_ host: HostName) -> String { "reflow-\(host)" }
}

/// Routing keys and sources of events.
public enum EventAddress {
    /// Routing key of an event of type `type` from `host`.
    public static func routingKey(_ host: HostName, type: String) -> String { "\(host).\(type)" }
    /// Binding key for every event of `host`.
    public static func everything(from host: HostName) -> String { "\(host).#" }
    /// CloudEvents `source` of a host.
    public static func source(_ host: HostName) -> String { "/hosts/\(host)" }

    /// The host that `source` names; `nil` for any other source.
    public static func host(ofSource source: String) -> HostName? {
        guard source.hasPrefix("/hosts/") else { return nil }
        return HostName(String(source.dropFirst("/hosts/".count)))
    }

    /// The host whose own account `account` is; `nil` for any other.
    public static func host(ofAccount account: String) -> HostName? {
        guard account.hasPrefix("reflow-") else { return nil }
        return HostName(String(account.dropFirst("reflow-".count)))
    }

    /// Whether an event that claims to come from `host` may be believed when the broker says that `user`
    /// published it: a host's own user is `reflow-<host>`; `sharedUser` speaks for every host, where one is
    /// configured.
    public static func mayBelieve(user: String?, speakingFor host: HostName, sharedUser: String?) -> Bool {
        guard let user else { return false }
        return user == AccountName.host(host) || user == sharedUser
    }
}

/// Headers of a message on its way to the dead-letter exchange, set by the worker that could not handle it.
///
/// A dead letter is not refused: what of a header is out of bounds is cut when it is read.
public enum DeadLetterHeader {
    /// A code, such as `malformed` or `unsupportedVersion`: ``ReasonText``.
    public static let reason = "x-reflow-reason"
    /// What is wrong, in words: ``Sentence``.
    public static let detail = "x-reflow-detail"
    /// The queue from which it came: ``QueueText``.
    public static let queue = "x-reflow-queue"
    /// The validated account that published it, where it is refused for that (`notBelieved`); absent if it said none.
    public static let account = "x-reflow-account"
    /// Length of the body in bytes, where the body was too large to keep: ``BodySize``.
    public static let bodySize = "x-reflow-body-size"
}
