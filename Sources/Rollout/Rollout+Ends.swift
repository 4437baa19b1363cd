import Contract
import DefragTypes
import Foundation

/// Failures, and how things end.
extension Rollout {
    /// One failure more; the one that the budget does not allow pauses.
    mutating func countFailure() -> [Action] {
        setState { $0.failures += 1 }
        let counted = state.failures - state.forgiven
        // Without a plan there is nothing that a share could be of.
        guard let allowed = allowedFailures, counted > allowed, state.pause == nil, state.phase == .running
        else {
            return []
        }
        setState { $0.pause = .errorBudget }
        return [.announce(.budgetExceeded(failures: counted, allowed: allowed))]
            + hosts.indices.flatMap { desire($0) }
    }

    /// Ends a host whose targets have all ended.
    mutating func settle(_ host: Int) -> [Action] {
        let own = hosts[host]
        guard !own.state.phase.isEnded, own.state.phase != .surveying,
            own.lanes.allSatisfy({ lane in lane.targets[lane.head...].allSatisfy { targets[$0].state.isEnded }
            })
        else { return [] }
        setHost(host) { $0.phase = .finished }
        guard !own.lanes.isEmpty else { return [] }
        if case .ramp(let step, let finished) = state.stage, own.state.phase == .active {
            setState { $0.stage = .ramp(step: step, finished: finished + 1) }
        }
        return [.announce(.hostFinished(own.name))]
    }

    /// Ends a host of which nothing more is expected.
    mutating func giveUp(_ host: Int, _ why: String) -> [Action] {
        guard !hosts[host].state.phase.isEnded else { return [] }
        for lane in hosts[host].lanes.indices {
            for target in hosts[host].lanes[lane].targets where !targets[target].state.isEnded {
                targets[target].giveUp(.hostLost)
                changes.targets.insert(target)
            }
            hosts[host].lanes[lane].inFlight = nil
        }
        setHost(host) {
            $0.phase = .givenUp
            $0.problems.append(why)
        }
        return [.announce(.hostGivenUp(hosts[host].name, why))]
    }

    /// Gives lost hosts up when nothing else is left to do and they have been waited for.
    mutating func giveUpLost(at now: Date) -> [Action] {
        guard state.phase == .running, state.pause == nil,
            hosts.allSatisfy({ $0.state.phase.isEnded || $0.isLost })
        else { return [] }
        var actions: [Action] = []
        for host in hosts.indices {
            guard let since = hosts[host].state.lostSince, !hosts[host].state.phase.isEnded,
                now.timeIntervalSince(since) >= strategy.giveUpAfter
            else { continue }
            actions += giveUp(host, "was not heard again")
        }
        return actions
    }

    /// Ends the rollout, if nothing is left.
    mutating func conclude() -> [Action] {
        switch state.phase {
        case .running where hosts.allSatisfy({ $0.state.phase.isEnded }):
            setState { $0.phase = .completed }
        case .cancelling where hosts.allSatisfy({ $0.isLost || !$0.hasSlicesOut }):
            setState { $0.phase = .cancelled }
        default: return []
        }
        // What a rollout wants of hosts ends with it.
        return hosts.indices.flatMap { release($0) } + [.announce(.ended(state.phase))]
    }

    private mutating func release(_ host: Int) -> [Action] {
        guard hosts[host].state.desired != nil else { return [] }
        setHost(host) { $0.desired = nil }
        return [.desire(hosts[host].name, .run, PolicyOverrides())]
    }

    mutating func setState(_ change: (inout State) -> Void) {
        change(&state)
        changes.isStateChanged = true
    }

    mutating func setHost(_ host: Int, _ change: (inout RolloutHost.State) -> Void) {
        let wasActive = hosts[host].state.phase == .active
        change(&hosts[host].state)
        activeHosts += (hosts[host].state.phase == .active ? 1 : 0) - (wasActive ? 1 : 0)
        changes.hosts.insert(host)
    }
}
