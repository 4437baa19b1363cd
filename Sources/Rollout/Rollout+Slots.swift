import Contract
import DefragTypes
import Foundation

/// Who may work: windows, stages, slots, slices.
extension Rollout {
    /// Whether slices may be sent.
    var mayWork: Bool { state.phase == .running && state.pause == nil && state.isOpen }

    mutating func watchWindows(at now: Date) -> [Action] {
        guard !strategy.windows.isEmpty, state.phase == .running || state.phase == .surveying else {
            return []
        }
        let isOpen = hours.openUntil(at: now) != nil
        guard isOpen != state.isOpen else { return [] }
        setState { $0.isOpen = isOpen }
        return [.announce(isOpen ? .windowOpened : .windowClosed)]
            + hosts.indices.flatMap { refresh($0, at: now) }
    }

    // MARK: - Stages

    mutating func advanceStage(at now: Date) -> [Action] {
        guard state.phase == .running, let next = nextStage(at: now) else { return [] }
        setState { $0.stage = next }
        return [.announce(.stage(next))] + advanceStage(at: now)
    }

    private func nextStage(at now: Date) -> Stage? {
        switch state.stage {
        case .canary:
            let isOver =
                counts.finishedCanaries >= strategy.canary?.hosts ?? 0
                || order.allSatisfy { hosts[$0].state.phase.isEnded }
            return isOver ? .soak(until: now + (strategy.canary?.soak ?? 0)) : nil
        case .soak(let until):
            return now >= until ? (strategy.ramp.isEmpty ? .full : .ramp(step: 0, finished: 0)) : nil
        case .ramp(let step, let finished):
            guard finished >= strategy.ramp[step] else { return nil }
            return step + 1 < strategy.ramp.count ? .ramp(step: step + 1, finished: 0) : .full
        case .full:
            return nil
        }
    }

    /// Most hosts that may have a slot now.
    public var slots: Int {
        switch state.stage {
        case .canary:
            return min(mostHosts, (strategy.canary?.hosts ?? 0) - counts.finishedCanaries)
        case .soak: return 0
        case .ramp(let step, _): return min(mostHosts, strategy.ramp[step])
        case .full: return mostHosts
        }
    }

    // MARK: - Slots

    /// Gives free slots to the next hosts in the order.
    mutating func admit(at now: Date, _ isTaken: (HostName) -> Bool) -> [Action] {
        guard mayWork, mayAdmit else { return [] }
        var free = slots - counts.active
        guard free > 0 else { return [] }
        var actions: [Action] = []
        var load = labelLoad()
        for host in order where free > 0 {
            guard hosts[host].state.phase == .waiting, !hosts[host].isLost, !isTaken(hosts[host].name) else {
                continue
            }
            let caps = strategy.perLabel.compactMap { key, cap in
                hosts[host].state.labels[key].map { (Label(key: key, value: $0), cap) }
            }
            guard caps.allSatisfy({ load[$0.0, default: 0] < $0.1 }) else { continue }
            for (label, _) in caps { load[label, default: 0] += 1 }
            free -= 1
            let isCanary = state.stage == .canary
            setHost(host) {
                $0.phase = .active
                $0.isCanary = $0.isCanary || isCanary
            }
            actions.append(.announce(.hostBegan(hosts[host].name)))
            actions += refresh(host, at: now)
        }
        mayAdmit = false
        return actions
    }

    private struct Label: Hashable {
        var key: String
        var value: String
    }

    /// How many hosts with a slot have each value of the labels that are capped.
    private func labelLoad() -> [Label: Int] {
        var load: [Label: Int] = [:]
        for host in order where hosts[host].state.phase == .active {
            for key in strategy.perLabel.keys {
                if let value = hosts[host].state.labels[key] {
                    load[Label(key: key, value: value), default: 0] += 1
                }
            }
        }
        return load
    }

    // MARK: - Slices

    /// Says what is wanted of a host, and sends it what may be sent.
    mutating func refresh(_ host: Int, at now: Date) -> [Action] {
        desire(host) + dispatch(host, at: now)
    }

    /// What is wanted of a host, if that has changed: nothing in particular while it is not at work here, as others may want
    /// something else of it.
    mutating func desire(_ host: Int) -> [Action] {
        let own = hosts[host]
        var wanted: RolloutHost.Desired?
        if own.isAtWork, !state.phase.isEnded {
            // What is still in the queue of a host without a slot is not to run beside the host that has got it.
            let mayRun = (mayWork && own.state.phase == .active) || state.isDraining
            var policy = state.overrides
            // It counts for each file: what is left of it goes with each slice.
            policy.unshareBudget = nil
            let desired = RolloutHost.Desired(mode: mayRun ? .run : .pause, policy: policy)
            if desired != .init(mode: .run, policy: PolicyOverrides()) { wanted = desired }
        }
        guard wanted != own.state.desired else { return [] }
        setHost(host) { $0.desired = wanted }
        return [.desire(own.name, wanted?.mode ?? .run, wanted?.policy ?? PolicyOverrides())]
    }

    /// Sends a slice of the next target of each file system that has none out.
    mutating func dispatch(_ host: Int, at now: Date) -> [Action] {
        guard mayWork, hosts[host].state.phase == .active, !hosts[host].isLost, !hosts[host].isHeld else {
            return []
        }
        let left = hours.openUntil(at: now).map { $0.timeIntervalSince(now) } ?? 0
        let seconds = min(strategy.slice, left)
        guard seconds >= 1 else { return [] }
        var actions: [Action] = []
        for lane in hosts[host].lanes.indices where hosts[host].lanes[lane].inFlight == nil {
            guard let target = nextTarget(host, lane, at: now) else { continue }
            hosts[host].lanes[lane].inFlight = target
            targets[target].send(at: now)
            changes.targets.insert(target)
            let budget = (state.overrides.unshareBudget ?? state.spec.policy.unshareBudget)
                .map { max(.zero, $0 - targets[target].unshared) }
            actions.append(
                .slice(
                    target: target, task: sliceTask(target), from: targets[target].cursor, seconds: seconds,
                    unshareBudget: budget))
        }
        return actions
    }

    private mutating func nextTarget(_ host: Int, _ lane: Int, at now: Date) -> Int? {
        let numbers = hosts[host].lanes[lane].targets
        while hosts[host].lanes[lane].head < numbers.count,
            targets[numbers[hosts[host].lanes[lane].head]].state.isEnded
        {
            hosts[host].lanes[lane].head += 1
        }
        return numbers[hosts[host].lanes[lane].head...].first { targets[$0].mayBeSent(at: now) }
    }

    /// Id of the last slice of a target.
    public func sliceTask(_ target: Int) -> String { "\(id)-\(target)-\(targets[target].slices)" }

    /// The target that has this slice out; `nil` if none has.
    public func target(ofSlice task: String) -> Int? {
        let parts = task.split(separator: "-")
        guard parts.count >= 3, let target = Int(parts[parts.count - 2]), targets.indices.contains(target),
            case .inFlight = targets[target].state, sliceTask(target) == task
        else { return nil }
        return target
    }

    /// The slice of a target is not out any more.
    mutating func landed(_ target: Int, at now: Date) -> [Action] {
        let host = targets[target].host
        changes.targets.insert(target)
        for lane in hosts[host].lanes.indices where hosts[host].lanes[lane].inFlight == target {
            hosts[host].lanes[lane].inFlight = nil
        }
        var actions: [Action] = []
        if targets[target].state.isEnded { actions.append(.announce(.targetEnded(target))) }
        actions += settle(host)
        if case .failed = targets[target].state {
            countFailures()
            actions += keepToBudget()
        }
        return actions + refresh(host, at: now)
    }
}
