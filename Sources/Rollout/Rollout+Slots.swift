import Contract
import DefragTypes
import Foundation

/// Which hosts may work: windows, stages, slots.
extension Rollout {
    /// Whether slices may be sent.
    var canWork: Bool { state.phase == .running && state.pause == nil && state.isOpen }

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

    mutating func advanceStage(at now: Date, mayTimePass: Bool) -> [Action] {
        guard state.phase == .running, let next = nextStage(at: now, mayTimePass: mayTimePass) else {
            return []
        }
        setState { $0.stage = next }
        return [.announce(.stage(next))] + advanceStage(at: now, mayTimePass: mayTimePass)
    }

    private func nextStage(at now: Date, mayTimePass: Bool) -> Stage? {
        switch state.stage {
        case .canary:
            let isOver =
                counts.finishedCanaries >= strategy.canary?.hosts ?? 0
                || order.allSatisfy { hosts[$0].state.phase.isEnded }
            return isOver ? .soak(until: now + (strategy.canary?.soak ?? 0)) : nil
        case .soak(let until):
            return mayTimePass && now >= until
                ? (strategy.ramp.isEmpty ? .full : .ramp(step: 0, finished: 0)) : nil
        case .ramp(let step, let finished):
            guard finished >= strategy.ramp[step] else { return nil }
            return step + 1 < strategy.ramp.count ? .ramp(step: step + 1, finished: 0) : .full
        case .full:
            return nil
        }
    }

    /// Most hosts that can have a slot now.
    public var slots: Int {
        switch state.stage {
        case .canary:
            return min(maxHosts, (strategy.canary?.hosts ?? 0) - counts.finishedCanaries)
        case .soak: return 0
        case .ramp(let step, _): return min(maxHosts, strategy.ramp[step])
        case .full: return maxHosts
        }
    }

    // MARK: - Slots

    /// Gives free slots to the next hosts in the order.
    mutating func admit(at now: Date, _ isTaken: (HostName) -> Bool) -> [Action] {
        guard canWork, canAdmit else { return [] }
        var free = slots - counts.active
        guard free > 0 else { return [] }
        var actions: [Action] = []
        var load = labelLoad()
        for host in order where free > 0 {
            guard hosts[host].state.phase == .waiting, !hosts[host].isLost, !hosts[host].isHeld,
                hosts[host].deafness == nil, !isTaken(hosts[host].name)
            else {
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
        canAdmit = false
        return actions
    }

    private struct Label: Hashable {
        var key: String
        var value: String
    }

    /// How many hosts with a slot have each value of the capped labels.
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
}
