import Contract
import DefragTypes
import Foundation

@testable import Rollout

/// Calls the rollout as the coordinator does, and checks its decisions.
extension SimulatedFleet {
    mutating func handle(_ event: Rollout.Event) {
        perform(rollout.handle(event, at: now))
    }

    mutating func perform(_ actions: [Rollout.Action]) {
        stored.take(actions, of: &rollout)
        guard !actions.isEmpty else { return }
        for action in actions {
            switch action {
            case .survey(let name, let task): post(.task(name, .init(id: task)), within: 3)
            case .slice(let target, let task, let from, let seconds, _, _): send(target, task, from, seconds)
            case .desire(let name, let mode, _): tell(name, mode)
            case .announce(let announcement):
                announcements.append(announcement)
                if case .targetEnded(let target) = announcement { ends[target, default: 0] += 1 }
            case .add, .account, .keepPage, .forgetPages: break
            }
        }
        check()
    }

    /// How a rollout ends in which all is done that can be.
    var expectedEnd: Rollout.Phase {
        let isFailed =
            rollout.targets.contains { if case .failed = $0.state { true } else { false } }
            || rollout.hosts.contains { $0.state.phase == .givenUp }
        return isFailed ? .completedWithFailures : .completed
    }

    private mutating func send(_ target: Int, _ task: String, _ from: ByteCount, _ seconds: Double) {
        slicesSent += 1
        if rollout.state.pause != nil { violations.append("a slice was sent during a pause") }
        let windows = rollout.state.spec.strategy.windows
        if let end = windows.openUntil(at: now) {
            if now + seconds > end { violations.append("a slice lasts longer than its window") }
        } else {
            violations.append("a slice was sent outside of every window")
        }
        let host = rollout.hosts[rollout.targets[target].host]
        let slice = SliceTask(job: "r1", path: "/\(target)", from: from, timeBudget: seconds)
        post(.task(host.name, .init(id: task, slice: slice)), within: 3)
    }

    mutating func tell(_ name: HostName, _ mode: DesiredState.Mode) {
        wanted[name] = mode
        hosts[name]?.control = mode
        if awayUntil == nil, hosts[name]?.isAlive == true { obey(name) }
    }

    /// What a host was told last takes hold.
    mutating func obey(_ name: HostName) {
        guard let mode = hosts[name]?.control else { return }
        hosts[name]?.control = nil
        hosts[name]?.mode = mode
        guard mode == .pause else { return }
        for (id, slice) in hosts[name]?.running ?? [:] { stop(id, slice, name) }
    }

    /// The caps, as they are meant: hosts with a slot, and those that really work, together and in each rack.
    mutating func check() {
        let active = rollout.hosts.filter { $0.state.phase == .active }
        if rollout.counts != HostCounts(rollout.hosts) { violations.append("hosts are counted wrongly") }
        var reexamined = rollout
        reexamined.canAdmit = true
        if !reexamined.admit(at: now, { _ in false }).isEmpty {
            violations.append("a slot is free though a host waits that may have it")
        }
        for host in active where host.isLost { violations.append("lost host \(host.name) holds a slot") }
        check(active, "have a slot")
        // What is in the queue of a host that was given up may still run.
        let working = rollout.hosts.filter {
            hosts[$0.name]?.running.isEmpty == false && !$0.state.phase.isEnded
        }
        check(working, "work")
        if rollout.state.pause != nil, nature.isCalm, !working.isEmpty {
            violations.append("\(working.count) hosts work during a pause")
        }
    }

    private mutating func check(_ some: [RolloutHost], _ what: String) {
        if some.count > rollout.maxHosts { violations.append("\(some.count) hosts \(what)") }
        for (key, cap) in rollout.strategy.perLabel {
            for (value, hosts) in Dictionary(grouping: some, by: { $0.state.labels[key] ?? "" })
            where hosts.count > cap {
                violations.append("\(hosts.count) hosts of \(key) \(value) \(what)")
            }
        }
        if case .soak = rollout.state.stage, !some.isEmpty {
            violations.append("\(some.count) hosts \(what) during the soak")
        }
    }
}
