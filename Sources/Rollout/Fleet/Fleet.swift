public import Contract
public import Foundation

/// Which hosts there are, and when each was last heard.
public struct Fleet: Sendable {
    public private(set) var hosts: [HostName: Host] = [:]
    /// When time last passed; settable, so that a tick that could not be stored has not happened.
    public var lastTick: Date?
    /// Seconds between two ticks above which the clock has leapt or the process stood still.
    private static let longestTick: TimeInterval = 5
    /// Seconds of silence after which a host is lost.
    public let lostAfter: TimeInterval
    /// Seconds of silence after which a host that was never heard is lost.
    public let answerWithin: TimeInterval
    /// What is known of hosts before they say anything.
    public let inventory: Inventory

    /// An empty fleet.
    public init(
        lostAfter: TimeInterval, answerWithin: TimeInterval? = nil, inventory: Inventory = Inventory()
    ) {
        self.lostAfter = lostAfter
        self.answerWithin = answerWithin ?? lostAfter
        self.inventory = inventory
    }

    /// The labels of a host: the inventory's go before its own.
    public func labels(of host: HostName) -> [String: String] {
        inventory.labels(of: host, saying: hosts[host]?.state?.labels ?? [:])
    }

    /// Adds a host that is known from the store or named by an operator, unless it is known already. Its silence is counted from
    /// `now` on.
    public mutating func expect(
        _ name: HostName, state: HostState? = nil, lastHeard: Date? = nil, isLost: Bool = false, at now: Date
    ) {
        guard hosts[name] == nil else { return }
        hosts[name] = Host(
            name: name, state: state, isLost: isLost, lastHeard: lastHeard ?? (state == nil ? nil : now),
            silentSince: now)
    }

    /// What an event says of its host, beyond the event itself.
    public struct Heard: Hashable, Sendable {
        /// The host had been lost.
        public var hasReturned = false
        /// That a second worker speaks under the host's name has just been found (`true`), or is over (`false`).
        public var hasTwin: Bool?
        /// The event is the second worker's state: it says nothing of the host, and ``Host/state`` is still the first one's.
        public var isOfTwin = false
        /// It could not consume its queue, which was told, and can again.
        public var hearsAgain = false

        init() {}
    }

    /// A host was heard.
    public mutating func heard(_ name: HostName, _ event: HostEvent, at now: Date) -> Heard {
        var host =
            hosts[name]
            ?? Host(name: name, state: nil, isLost: false, lastHeard: now, silentSince: now)
        defer { hosts[name] = host }
        return host.heard(event, at: now)
    }

    /// Time has passed; about once a second. Returns the hosts that are lost from now on, and the seconds by which the clock has
    /// leapt or the process stood still, if so.
    ///
    /// A leap says nothing about any host's silence, which is as long as before. As a process that stands still again and again
    /// must lose hosts, too, the silence of a host is shortened no more once leaps have shortened it by ``lostAfter`` in all.
    public mutating func tick(at now: Date) -> (lost: [HostName], leap: TimeInterval?) {
        let passed = lastTick.map { now.timeIntervalSince($0) } ?? 0
        lastTick = now
        let hasLeapt = abs(passed) > Self.longestTick
        var lost: [HostName] = []
        for name in hosts.keys {
            guard var host = hosts[name], !host.isLost else { continue }
            let silence = host.wasHeard ? lostAfter : answerWithin
            if hasLeapt { host.excuse(passed, at: now, atMost: silence) }
            host.isLost = now.timeIntervalSince(host.silentSince) >= silence
            if host.isLost { lost.append(name) }
            // Mostly nothing has changed, and whoever holds the hosts as they were needs no copy.
            if hasLeapt || host.isLost { hosts[name] = host }
        }
        return (lost.sorted(), hasLeapt ? passed : nil)
    }

    /// Seconds for which a host is deaf before that is told: after an outage its connections come back one by one.
    static let deafness: TimeInterval = 30

    /// Hosts that live and have not been able to consume their queue for a while: each once, until it can.
    public mutating func deafened(at now: Date) -> [HostName] {
        var found: [HostName] = []
        for (name, host) in hosts where host.lastingDeafness(at: now) != nil {
            if hosts[name]?.becomesDeaf(at: now) == true { found.append(name) }
        }
        return found.sorted()
    }

    /// Whether a host is lost, as the driver has stored it last: what it could not store has not happened.
    public mutating func restore(_ name: HostName, isLost: Bool) {
        hosts[name]?.isLost = isLost
    }

    /// A host is as it was before something was heard that the driver could not store.
    public mutating func restore(_ host: Host) {
        hosts[host.name] = host
    }

    /// Forgets a host.
    public mutating func forget(_ name: HostName) {
        hosts[name] = nil
    }

    /// No host can be heard before `time`, as the broker was away until now: the silence of each begins then. Ticks begin again,
    /// too: the time without any is no leap.
    public mutating func couldNotHear(until time: Date) {
        for name in hosts.keys { hosts[name]?.silentSince = time }
        lastTick = nil
    }
}
