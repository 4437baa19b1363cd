import Contract
import DefragTypes
public import Foundation

extension Rollout {
    /// A rollout as it was last stored. Hosts are in the order of their names, targets in the order of their numbers. `epoch` is a
    /// word of letters and digits that no rollout was restored with before: the ids of its slices end with it.
    public init(
        id: String, state: State, hosts: [StoredHost], targets: some Sequence<StoredTarget>, epoch: String,
        at now: Date
    ) {
        self.id = id
        self.state = state
        self.epoch = epoch
        hours = OpeningHours(state.spec.strategy.windows)
        self.hosts = hosts.map {
            var host = RolloutHost($0.name, labels: $0.state.labels)
            host.state = $0.state
            host.state.lostSince = $0.state.lostSince.map {
                Self.waiting(since: $0, for: state.spec.strategy.giveUpAfter, atLeast: Self.hearing, at: now)
            }
            host.state.survey.since = $0.state.survey.since.map {
                Self.waiting(since: $0, for: Self.surveyTimeout, atLeast: Self.mentioning, at: now)
            }
            return host
        }
        places = Dictionary(uniqueKeysWithValues: hosts.enumerated().map { ($1.name, $0) })
        counts = HostCounts(self.hosts)
        for (host, stored) in hosts.enumerated() { restoreIntake(stored.pages, host) }
        var numbers: [[Int]] = Array(repeating: [], count: hosts.count)
        var fileSystems: [[String: Int]] = Array(repeating: [:], count: hosts.count)
        for stored in targets {
            guard let host = places[stored.host] else { continue }
            let next = self.hosts[host].fileSystems.count
            let place = fileSystems[host][stored.fileSystem] ?? next
            if place == next {
                fileSystems[host][stored.fileSystem] = place
                self.hosts[host].fileSystems.append(stored.fileSystem)
            }
            numbers[host].append(self.targets.count)
            self.targets.append(restored(stored, host, fileSystem: place, at: now))
        }
        for host in hosts.indices { buildLanes(host, numbers[host]) }
        inherited = Set(self.hosts.flatMap { $0.lanes.compactMap(\.inFlight) })
        // The store may be a backup.
        doubtEverything()
        if state.phase != .surveying { buildOrder() }
    }

    /// The start of a wait that began before the restart: at least `grace` seconds are left of it. Restarts do not begin it again,
    /// and a clock that was set back does not make it longer.
    private static func waiting(
        since: Date, for timeout: TimeInterval, atLeast grace: TimeInterval, at now: Date
    ) -> Date {
        max(min(since, now), now - (timeout - grace))
    }

    /// Seconds in which a lost host can be heard again.
    private static let hearing: TimeInterval = 30
    /// Seconds in which a host's states show whether it still has a task, which takes older workers 40 s.
    private static let mentioning: TimeInterval = 60

    /// Takes in what has arrived of the survey that is awaited; pages of an earlier one count for nothing.
    private mutating func restoreIntake(_ pages: [SurveyPage], _ host: Int) {
        for page in pages where isAwaited(page.task, of: host) { hosts[host].intake.take(page) }
        if let end = hosts[host].state.survey.end { hosts[host].intake.take(end) }
    }

    private func restored(_ stored: StoredTarget, _ host: Int, fileSystem: Int, at now: Date) -> Target {
        var target = Target(host: host, fileSystem: fileSystem, size: stored.size, gain: stored.gain)
        target.restore(
            state: stored.state, cursor: stored.cursor, unshared: stored.unshared,
            budgetLeft: stored.budgetLeft, slices: stored.slices, fruitless: stored.fruitless)
        if case .inFlight(let since) = stored.state {
            target.isStillInFlight(
                at: Self.waiting(since: since, for: sliceTimeout, atLeast: Self.mentioning, at: now))
        }
        return target
    }

    /// What has to be done first after ``init(id:state:hosts:targets:at:)``: surveys of which an older version has stored no number
    /// are requested again. Tasks that were stored but not published are in the store's outbox.
    public mutating func continueAfterRestart(at now: Date) -> [Action] {
        guard state.phase == .surveying || state.phase == .running else { return [] }
        var actions: [Action] = []
        for host in hosts.indices {
            switch hosts[host].state.phase {
            case .surveying where hosts[host].state.survey.number == 0 && !hosts[host].isLost:
                actions += requestSurvey(host, at: now)
            case .surveying: actions += completeSurvey(of: host)
            case .active where !canWork: actions += refresh(host, at: now)
            default: break
            }
        }
        return actions
    }
}
