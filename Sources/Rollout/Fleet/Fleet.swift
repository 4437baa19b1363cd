public import Contract
public import Foundation

/// Who is there: every host that was ever heard, and when.
///
/// Pure: the driver says what was heard when, and is told who has become lost and who has returned.
public struct Fleet: Sendable {
    /// One host of the fleet.
    public struct Host: Sendable {
        /// Its name.
        public let name: HostName
        /// What it last said of itself; `nil` before it has.
        public internal(set) var state: HostState?
        /// When it was last heard; for one that is known from elsewhere, when that was learnt.
        public internal(set) var lastHeard: Date
        /// Whether it has been silent for too long.
        public internal(set) var isLost: Bool
        /// Whether it was ever heard.
        public internal(set) var wasHeard: Bool

        /// Its labels, as it last said.
        public var labels: [String: String] { state?.labels ?? [:] }
    }

    /// The hosts, by name.
    public private(set) var hosts: [HostName: Host] = [:]
    /// When time last passed.
    private var lastTick: Date?
    /// Most seconds from one tick to the next.
    private static let longestTick: TimeInterval = 5
    /// Seconds of silence after which a host is lost.
    public let lostAfter: TimeInterval
    /// The same for one that was never heard.
    public let answerWithin: TimeInterval

    /// An empty fleet.
    public init(lostAfter: TimeInterval, answerWithin: TimeInterval? = nil) {
        self.lostAfter = lostAfter
        self.answerWithin = answerWithin ?? lostAfter
    }

    /// A host that is known from elsewhere: from the store, or because somebody names it.
    public mutating func expect(_ name: HostName, state: HostState? = nil, isLost: Bool = false, at now: Date)
    {
        guard hosts[name] == nil else { return }
        hosts[name] = Host(
            name: name, state: state, lastHeard: now, isLost: isLost, wasHeard: state != nil)
    }

    /// Something was heard of a host. Returns whether it had been lost.
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

    /// Time has passed; about once a second. Returns who is lost from now on, and whether the clock has leapt.
    ///
    /// A clock that leaps, and a process that stood still, say nothing about anybody's silence: it begins anew.
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

    /// Forgets a host.
    public mutating func forget(_ name: HostName) {
        hosts[name] = nil
    }

    /// The broker was away, and nobody could be heard: everyone's silence begins anew.
    public mutating func couldNotHear(until now: Date) {
        for name in hosts.keys { hosts[name]?.lastHeard = now }
    }

    /// The hosts that a specification means, in the order of their names: those that were heard and match, and those that are
    /// named without a wildcard, heard or not, where no labels are asked for.
    public func selected(by targets: RolloutSpec.Targets) -> [(name: HostName, labels: [String: String])] {
        let patterns = targets.hosts.map(HostPattern.init)
        let known = hosts.values.filter { host in
            patterns.contains { ($0.isName || host.wasHeard) && $0.matches(host.name.description) }
                && targets.labels.allSatisfy { key, values in host.labels[key].map(values.contains) ?? false }
        }
        let named =
            targets.labels.isEmpty
            ? targets.hosts.compactMap { HostName($0) }.filter { hosts[$0] == nil } : []
        let unknown = Set(named).map { (name: $0, labels: [String: String]()) }
        return (known.map { (name: $0.name, labels: $0.labels) } + unknown).sorted { $0.name < $1.name }
    }
}

/// A host's name with `*` for any characters.
struct HostPattern {
    private let parts: [Substring]

    init(_ text: String) {
        parts = text.split(separator: "*", omittingEmptySubsequences: false)
    }

    /// Whether it means one host only.
    var isName: Bool { parts.count == 1 }

    func matches(_ name: String) -> Bool {
        guard parts.count > 1, let first = parts.first, let last = parts.last else {
            return parts == [name[...]]
        }
        guard name.hasPrefix(first), name.dropFirst(first.count).hasSuffix(last) else { return false }
        var rest = name.dropFirst(first.count).dropLast(last.count)
        for part in parts.dropFirst().dropLast() where !part.isEmpty {
            guard let found = rest.firstRange(of: part) else { return false }
            rest = rest[found.upperBound...]
        }
        return true
    }
}
