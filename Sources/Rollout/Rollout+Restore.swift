public import Contract
public import DefragTypes
public import Foundation

extension Rollout {
    /// A host as the store has it.
    public struct StoredHost: Sendable {
        /// Its name.
        public var name: HostName
        /// What it was.
        public var state: RolloutHost.State

        /// A host as the store has it.
        public init(name: HostName, state: RolloutHost.State) {
            self.name = name
            self.state = state
        }
    }

    /// A target as the store has it.
    public struct StoredTarget: Sendable {
        /// Its host.
        public var host: HostName
        /// UUID of its file system.
        public var fileSystem: String
        /// Its size when it was surveyed.
        public var size: ByteCount
        /// Seconds of a reflink copy that are to be gained.
        public var gain: Double
        /// Where it stood.
        public var state: Target.State
        /// Where the next slice starts.
        public var cursor: ByteCount
        /// Extra space that its slices have cost.
        public var unshared: ByteCount
        /// Slices that were sent.
        public var slices: Int
        /// Attempts in a row that came to nothing.
        public var fruitless: Int

        /// A target as the store has it.
        public init(
            host: HostName, fileSystem: String, size: ByteCount, gain: Double, state: Target.State,
            cursor: ByteCount, unshared: ByteCount, slices: Int, fruitless: Int
        ) {
            self.host = host
            self.fileSystem = fileSystem
            self.size = size
            self.gain = gain
            self.state = state
            self.cursor = cursor
            self.unshared = unshared
            self.slices = slices
            self.fruitless = fruitless
        }
    }

    /// A rollout as it stood when its process ended. Hosts are in the order of their names, targets in that of their
    /// numbers.
    public init(
        id: String, state: State, hosts: [StoredHost], targets: some Sequence<StoredTarget>, at now: Date
    ) {
        self.id = id
        self.state = state
        hours = OpeningHours(state.spec.strategy.windows)
        self.hosts = hosts.map {
            var host = RolloutHost($0.name, labels: $0.state.labels)
            host.state = $0.state
            host.state.lostSince = $0.state.lostSince.map {
                Self.waiting(since: $0, for: state.spec.strategy.giveUpAfter, at: now)
            }
            return host
        }
        places = Dictionary(uniqueKeysWithValues: hosts.enumerated().map { ($1.name, $0) })
        counts = HostCounts(self.hosts)
        var numbers: [[Int]] = Array(repeating: [], count: hosts.count)
        for stored in targets {
            guard let host = places[stored.host] else { continue }
            numbers[host].append(self.targets.count)
            self.targets.append(restored(stored, host, at: now))
        }
        for host in hosts.indices { arrange(host, numbers[host]) }
        if state.phase != .surveying { arrangeOrder() }
    }

    /// Seconds that a host has at least, after a restart, to be heard, or to say that it still has a slice.
    private static let grace: TimeInterval = 30

    /// Since when something is waited for, so that there is a moment left to hear of it: but not a new patience after each
    /// restart, nor one that a clock that was set back makes longer.
    private static func waiting(since: Date, for patience: TimeInterval, at now: Date) -> Date {
        max(min(since, now), now - (patience - grace))
    }

    private mutating func restored(_ stored: StoredTarget, _ host: Int, at now: Date) -> Target {
        let known = hosts[host].fileSystems.firstIndex(of: stored.fileSystem)
        if known == nil { hosts[host].fileSystems.append(stored.fileSystem) }
        var target = Target(
            host: host, fileSystem: known ?? hosts[host].fileSystems.count - 1, size: stored.size,
            gain: stored.gain)
        target.restore(
            state: stored.state, cursor: stored.cursor, unshared: stored.unshared, slices: stored.slices,
            fruitless: stored.fruitless)
        if case .inFlight(let since) = stored.state {
            target.isStillOut(at: Self.waiting(since: since, for: flightPatience, at: now))
        }
        return target
    }

    /// What is to be done first after ``init(id:state:hosts:targets:at:)``: the surveys that were not complete are asked for
    /// again. Tasks that were decided upon but not published are the store's to publish.
    public mutating func takeUp(at now: Date) -> [Action] {
        guard state.phase == .surveying || state.phase == .running else { return [] }
        return hosts.indices.filter { hosts[$0].state.phase == .surveying && !hosts[$0].isLost }
            .flatMap { askForSurvey($0, at: now) }
    }
}
