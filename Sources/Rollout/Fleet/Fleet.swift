public import Contract
public import Foundation

/// Which hosts there are, and when each was last heard.
public struct Fleet: Sendable {
    /// One host of the fleet.
    public struct Host: Sendable {
        public let name: HostName
        /// Its last state event; `nil` before the first.
        public internal(set) var state: HostState?
        /// When it was last heard; for one that was never heard, when it became known.
        public internal(set) var lastHeard: Date
        /// Whether it has been silent for ``Fleet/lostAfter``.
        public internal(set) var isLost: Bool
        public internal(set) var wasHeard: Bool

        /// Its labels by its last state event.
        public var labels: [String: String] { state?.labels ?? [:] }
    }

    public private(set) var hosts: [HostName: Host] = [:]
    private var lastTick: Date?
    /// Seconds between two ticks above which the clock has leapt or the process stood still.
    private static let longestTick: TimeInterval = 5
    /// Seconds of silence after which a host is lost.
    public let lostAfter: TimeInterval
    /// Seconds of silence after which a host that was never heard is lost.
    public let answerWithin: TimeInterval

    /// An empty fleet.
    public init(lostAfter: TimeInterval, answerWithin: TimeInterval? = nil) {
        self.lostAfter = lostAfter
        self.answerWithin = answerWithin ?? lostAfter
    }

    /// Adds a host that is known from the store or named by an operator, unless it is known already.
    public mutating func expect(_ name: HostName, state: HostState? = nil, isLost: Bool = false, at now: Date)
    {
        guard hosts[name] == nil else { return }
        hosts[name] = Host(
            name: name, state: state, lastHeard: now, isLost: isLost, wasHeard: state != nil)
    }

    /// A host was heard. Returns whether it had been lost.
    public mutating func heard(_ name: HostName, _ event: HostEvent, at now: Date) -> Bool {
        var host =
            hosts[name] ?? Host(name: name, state: nil, lastHeard: now, isLost: false, wasHeard: true)
        let hasReturned = host.isLost
        host.isLost = false
        host.wasHeard = true
        host.lastHeard = now
        if case .hostState(let state) = event { host.state = state }
        hosts[name] = host
        return hasReturned
    }

    /// Time has passed; about once a second. Returns the hosts that are lost from now on, and whether the clock has leapt.
    ///
    /// A clock that leaps, and a process that stood still, say nothing about any host's silence: it restarts.
    public mutating func tick(at now: Date) -> (lost: [HostName], hasLeapt: Bool) {
        defer { lastTick = now }
        let hasLeapt = lastTick.map { abs(now.timeIntervalSince($0)) > Self.longestTick } ?? false
        if hasLeapt { couldNotHear(until: now) }
        var lost: [HostName] = []
        for (name, host) in hosts where !host.isLost {
            guard now.timeIntervalSince(host.lastHeard) >= (host.wasHeard ? lostAfter : answerWithin) else {
                continue
            }
            hosts[name]?.isLost = true
            lost.append(name)
        }
        return (lost.sorted(), hasLeapt)
    }

    public mutating func forget(_ name: HostName) {
        hosts[name] = nil
    }

    /// No host could be heard until `now`, as the broker was away: the silence of each restarts.
    public mutating func couldNotHear(until now: Date) {
        for name in hosts.keys { hosts[name]?.lastHeard = now }
    }
}
