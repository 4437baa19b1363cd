/// How a connection behaves; the defaults suit a fleet.
public struct ConnectionOptions: Hashable, Sendable {
    /// What the broker's listings call this connection.
    public var name: String
    /// The longest silence the two sides agree on, in whole seconds, unless the broker wants less. A peer that
    /// stays silent for two of them is given up; zero turns this off.
    public var heartbeat: Duration = .seconds(15)
    /// Bound of connecting (TCP, TLS), and once more of logging in.
    public var connectTimeout: Duration = .seconds(10)
    /// Bound of a declaration, its waiting for a connection included.
    public var rpcTimeout: Duration = .seconds(15)
    /// How long to wait between attempts.
    public var backoff = Backoff()
    /// The longest body in bytes, in both directions: a longer one is refused here, and discarded unread when it
    /// is received (``Delivery/Body/tooLarge(size:)``).
    public var maxBodySize = 1 << 20
    /// Most bytes of deliveries that are received and not read (and one message more). Beyond it nothing is taken from
    /// the broker until some are read; one that cannot send for as long as it is patient (15 s by default) hangs up, and
    /// delivers them again. Whoever publishes on the same connection waits with it.
    public var maxUnread = 16 << 20
    /// Most messages published and not yet confirmed; further ones wait their turn.
    public var maxUnconfirmed = 256

    /// Options of a connection that the broker lists as `name`.
    public init(name: String) {
        self.name = name
    }
}

/// Growing pauses between attempts, randomised so that a fleet does not come back in step.
public struct Backoff: Hashable, Sendable {
    /// The pause after the first failure.
    public var initial: Duration
    /// The longest pause.
    public var maximum: Duration

    /// Pauses from `initial`, doubling, up to `maximum`.
    public init(initial: Duration = .milliseconds(250), maximum: Duration = .seconds(30)) {
        self.initial = initial
        self.maximum = maximum
    }

    /// The pause after failure number `attempt` (the first is 0): doubling, and of that between half (`random` 0)
    /// and all (`random` 1).
    func delay(attempt: Int, random: Double) -> Duration {
        let full = min(maximum, initial * (1 << min(attempt, 20)))
        return full * (0.5 + 0.5 * random)
    }
}
