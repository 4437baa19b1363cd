import Contract
import DefragTypes
import Foundation
import ReflowAPI
import Rollout

/// What operators see of a rollout's hosts and files.
extension Core {
    /// A host at work.
    struct Working {
        var host: RolloutHost
        /// Bytes beyond the cursors of running slices, as was last said.
        var ahead: ByteCount
    }

    /// The hosts of a rollout that are at work. Looks at no file but those that a slice runs on.
    func working(_ rollout: Rollout) -> [Working] {
        rollout.hosts.filter(\.isAtWork).map { host in
            let ahead = host.progress.reduce(ByteCount.zero) { sum, slice in
                guard let number = rollout.target(ofSlice: slice.task) else { return sum }
                let target = rollout.targets[number]
                return sum + max(.zero, min(target.size, slice.offset) - min(target.size, target.cursor))
            }
            return Working(host: host, ahead: ahead)
        }
    }

    /// How a host at work is. Looks at all of its files.
    func status(of working: Working, in rollout: Rollout) -> RolloutStatus.Working {
        let host = working.host
        var targets = RolloutStatus.Targets([:])
        var bytes = RolloutStatus.Bytes(behind: working.ahead)
        var inFlightSince: Date?
        var nextAttempt: Date?
        for target in host.lanes.lazy.flatMap(\.targets).map({ rollout.targets[$0] }) {
            targets.add(TargetPhase(target.state))
            switch target.state {
            case .inFlight(let since): inFlightSince = min(since, inFlightSince ?? since)
            case .backingOff(let until, _): nextAttempt = min(until, nextAttempt ?? until)
            case .pending, .done, .skipped, .failed: break
            }
            bytes.total += target.size
            bytes.behind += target.state.isEnded ? target.size : min(target.size, target.cursor)
        }
        let silence = inFlightSince.map { clock().timeIntervalSince($0) } ?? 0
        return RolloutStatus.Working(
            name: host.name, isLost: host.isLost, isPaused: isPaused(host.name),
            isPausedElsewhere: isPausedElsewhere(host.name), hold: desired.hold(on: host.name),
            deaf: fleet[host.name]?.deaf, silentSeconds: silence < 30 ? nil : silence,
            queuedSeconds: rollout.queuedSeconds(of: host, at: clock()).flatMap { $0 < 15 ? nil : $0 },
            otherJobs: host.otherJobs.isEmpty ? nil : host.otherJobs,
            nextAttempt: nextAttempt.map { Timestamp($0) }, targets: targets, bytes: bytes,
            running: host.progress)
    }

    nonisolated func hosts(ofRollout id: String) async throws -> [RolloutHostStatus] {
        var views = try await found { try $0.hosts(of: id, limit: .max) }.map { row in
            RolloutHostStatus(
                name: row.name, state: row.state, targets: row.totals.targets, bytes: row.totals.bytes,
                extents: row.totals.extents)
        }
        let live = await live(of: id)
        for index in views.indices {
            guard let host = live[views[index].name] else { continue }
            (views[index].isPaused, views[index].hold) = (host.isPaused, host.hold)
            views[index].deaf = host.deaf
            views[index].bytes.behind += host.ahead
        }
        // In the order in which they have their turn, then those without any files.
        func rank(_ host: RolloutHostStatus) -> (Int, HostName) { (live[host.name]?.rank ?? .max, host.name) }
        return views.sorted { rank($0) < rank($1) }
    }

    /// What is known of a host of a rollout that has not ended, apart from what is stored.
    private struct Live {
        var rank = Int.max
        var isPaused = false
        var hold: Hold?
        var deaf: String?
        var ahead = ByteCount.zero
    }

    private func live(of id: String) -> [HostName: Live] {
        guard let rollout = underWay[id] else { return [:] }
        var live: [HostName: Live] = [:]
        for host in rollout.hosts where !host.state.phase.isEnded {
            live[host.name] = Live(
                isPaused: isPaused(host.name), hold: desired.hold(on: host.name),
                deaf: fleet[host.name]?.deaf)
        }
        for (rank, place) in rollout.order.enumerated() {
            live[rollout.hosts[place].name, default: Live()].rank = rank
        }
        for working in working(rollout) { live[working.host.name]?.ahead = working.ahead }
        return live
    }

    /// Whether a host says that it is paused, by a rollout or by `reflow control`.
    private func isPaused(_ host: HostName) -> Bool { fleet[host]?.state?.mode == .pause }

    /// Whether it was paused by a later word than the coordinator's.
    private func isPausedElsewhere(_ host: HostName) -> Bool {
        guard isPaused(host), let said = fleet[host]?.state else { return false }
        return said.generation > desired[host]?.generation ?? 0
    }

    nonisolated func targets(ofRollout id: String, _ query: TargetQuery) async throws -> Listing<TargetStatus>
    {
        var more = query
        more.limit += 1
        let found = try await found { [more] in try $0.targets(of: id, more) }
        return Listing(found, most: query.limit, id: \.number)
    }
}

extension SliceProgress {
    /// How fast it gets ahead, from where its slice began.
    func bytesPerSecond(in rollout: Rollout?) -> Double {
        guard seconds > 0, let rollout, let target = rollout.target(ofSlice: task) else { return 0 }
        return Double(max(.zero, offset - rollout.targets[target].cursor).rawValue) / max(seconds, 1)
    }
}
