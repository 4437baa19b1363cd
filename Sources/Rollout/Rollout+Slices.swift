public import Contract
import DefragTypes
import Foundation

/// What is sent to hosts, and which slice an answer belongs to.
extension Rollout {
    /// Releases a host that need not be held, updates its desired state, and sends it what can be sent.
    mutating func refresh(_ host: Int, at now: Date) -> [Action] {
        releaseIfIdle(host)
        return desire(host) + dispatch(host, at: now)
    }

    /// While nothing is sent to it, a host without slices in flight gives its slot back: another rollout can work on it, and ``admit``
    /// looks whether one does before it has a slot again.
    private mutating func releaseIfIdle(_ host: Int) {
        guard state.phase == .running, !canWork || hosts[host].isHeld, hosts[host].state.phase == .active,
            !hosts[host].hasSlicesInFlight
        else { return }
        setHost(host) { $0.phase = .waiting }
        canAdmit = true
    }

    /// Publishes the desired state of a host if it has changed. It is `nil` while the host is not at work for this rollout, as
    /// another rollout may want something else of it.
    mutating func desire(_ host: Int) -> [Action] {
        let own = hosts[host]
        var wanted: RolloutHost.Desired?
        if own.isAtWork, !state.phase.isEnded {
            // A slice in the queue of a host that lost its slot must not run beside the host that has it now.
            let canRun = (canWork && own.state.phase == .active) || state.isDraining
            var policy = state.overrides
            // The budget is each file's: what is left of it is sent with each slice.
            policy.unshareBudget = nil
            let desired = RolloutHost.Desired(mode: canRun ? .run : .pause, policy: policy)
            if desired != RolloutHost.Desired(mode: .run, policy: PolicyOverrides()) { wanted = desired }
        }
        guard wanted != own.state.desired else { return [] }
        setHost(host) { $0.desired = wanted }
        return [.desire(own.name, wanted?.mode ?? .run, wanted?.policy ?? PolicyOverrides())]
    }

    /// Sends a slice of the next target of each file system that has none in flight.
    mutating func dispatch(_ host: Int, at now: Date) -> [Action] {
        guard canWork, hosts[host].state.phase == .active, !hosts[host].isLost, !hosts[host].isHeld,
            !hosts[host].isStopped, hosts[host].deafness == nil
        else { return [] }
        let end = hours.openUntil(at: now)
        let left = end.map { $0.timeIntervalSince(now) } ?? 0
        let seconds = min(strategy.slice, left)
        guard seconds >= 1 else { return [] }
        var actions: [Action] = []
        for lane in hosts[host].lanes.indices where hosts[host].lanes[lane].inFlight == nil {
            guard let target = nextTarget(host, lane, at: now) else { continue }
            hosts[host].lanes[lane].inFlight = target
            targets[target].send(at: now)
            changes.targets.insert(target)
            let budget = unshareBudget(of: targets[target])
            actions.append(
                .slice(
                    target: target, task: sliceTask(target), from: targets[target].cursor, seconds: seconds,
                    notAfter: strategy.windows.isEmpty ? nil : end, unshareBudget: budget))
        }
        return actions
    }

    /// What is left of a target's budget: as the worker has said, which also knows of slices that it could not answer.
    private func unshareBudget(of target: Target) -> ByteCount? {
        let policy = state.spec.policy.merged(with: state.overrides)
        guard policy.sharing != .unshare else { return nil }
        return target.budgetLeft ?? policy.unshareBudget.map { max(.zero, $0 - target.unshared) }
    }

    /// A new budget is reckoned from what was unshared until now.
    mutating func budgetChanged() {
        for target in targets.indices where targets[target].budgetLeft != nil {
            targets[target].budgetLeft = nil
            changes.targets.insert(target)
        }
    }

    private mutating func nextTarget(_ host: Int, _ lane: Int, at now: Date) -> Int? {
        let numbers = hosts[host].lanes[lane].targets
        while hosts[host].lanes[lane].head < numbers.count,
            targets[numbers[hosts[host].lanes[lane].head]].state.isEnded
        {
            hosts[host].lanes[lane].head += 1
        }
        return numbers[hosts[host].lanes[lane].head...].first { targets[$0].canBeSent(at: now) }
    }

    /// Message id of the last slice of a target that this process has sent.
    ///
    /// After a restart it ends with ``epoch``: a store that was restored from a backup counts numbers again that hosts have
    /// answered already, and a worker ignores an id that it knows.
    public func sliceTask(_ target: Int) -> String {
        "\(id)-\(target)-\(targets[target].slices)" + (epoch.isEmpty ? "" : ".\(epoch)")
    }

    /// The target whose slice in flight this is; `nil` for a late, foreign or malformed id.
    public func target(ofSlice task: String) -> Int? {
        let parts = task.split(separator: "-")
        guard parts.count >= 3, let target = Int(parts[parts.count - 2]), targets.indices.contains(target),
            case .inFlight = targets[target].state
        else { return nil }
        if inherited.contains(target) {
            // The process before has sent it, or the one before that.
            let number = parts[parts.count - 1].prefix { $0 != "." }
            return task.hasPrefix("\(id)-\(target)-\(number)") && Int(number) == targets[target].slices
                ? target : nil
        }
        return sliceTask(target) == task ? target : nil
    }

    /// The slice in flight of a target has ended, one way or another.
    mutating func sliceEnded(_ target: Int, at now: Date) -> [Action] {
        let host = targets[target].host
        changes.targets.insert(target)
        inherited.remove(target)
        hosts[host].doubts[.slice(target)] = nil
        hosts[host].queuedSince[target] = nil
        for lane in hosts[host].lanes.indices where hosts[host].lanes[lane].inFlight == target {
            hosts[host].lanes[lane].inFlight = nil
        }
        var actions: [Action] = []
        if targets[target].state.isEnded { actions.append(.announce(.targetEnded(target))) }
        actions += endHostIfDone(host)
        if case .failed = targets[target].state {
            countFailures()
            actions += keepToBudget(at: now)
        }
        return actions + refresh(host, at: now)
    }
}

extension Rollout {
    /// Tasks whose answers are awaited, with their hosts: slices and surveys.
    public var tasksInFlight: [(host: HostName, task: String, isSurvey: Bool)] {
        hosts.indices.flatMap { host in
            let name = hosts[host].name
            let slices = hosts[host].lanes.compactMap(\.inFlight).map { (name, sliceTask($0), false) }
            let isSurveyed = hosts[host].state.phase == .surveying
            return slices + (isSurveyed ? [(name, surveyTask(of: host), true)] : [])
        }
    }
}
