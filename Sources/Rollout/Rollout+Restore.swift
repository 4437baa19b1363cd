import Contract
import DefragTypes
public import Foundation

extension Rollout {
    /// A rollout as it was last stored. Hosts are in the order of their names, targets in the order of their numbers.
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
        for host in hosts.indices { buildLanes(host, numbers[host]) }
        if state.phase != .surveying { buildOrder() }
    }

    /// Seconds that a host has at least, after a restart, to be heard, or to mention its slice.
    private static let grace: TimeInterval = 30

    /// The start of a wait that began before the restart: at least ``grace`` is left of it. Restarts do not begin it again, and
    /// a clock that was set back does not make it longer.
    private static func waiting(since: Date, for timeout: TimeInterval, at now: Date) -> Date {
        max(min(since, now), now - (timeout - grace))
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
            target.isStillInFlight(at: Self.waiting(since: since, for: sliceTimeout, at: now))
        }
        return target
    }

    /// What has to be done first after ``init(id:state:hosts:targets:at:)``: surveys that were not complete are requested
    /// again. Tasks that were stored but not published are in the store's outbox.
    public mutating func continueAfterRestart(at now: Date) -> [Action] {
        guard state.phase == .surveying || state.phase == .running else { return [] }
        return hosts.indices.filter { hosts[$0].state.phase == .surveying && !hosts[$0].isLost }
            .flatMap { requestSurvey($0, at: now) }
    }
}
