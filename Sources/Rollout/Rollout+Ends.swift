import Contract
import DefragTypes
import Foundation

/// Failures, and how things end.
extension Rollout {
    mutating func countFailures(_ number: Int = 1) {
        if number > 0 { setState { $0.failures += number } }
    }

    /// Pauses if there is one failure more than the budget allows, and anybody left whom that holds up.
    mutating func keepToBudget() -> [Action] {
        let counted = state.failures - state.forgiven
        // Without a plan there is nothing that a share could be of.
        guard let allowed = allowedFailures, counted > allowed, state.pause == nil, state.phase == .running,
            hosts.contains(where: { !$0.state.phase.isEnded })
        else { return [] }
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
        recall(host)
        let left = hosts[host].lanes.flatMap(\.targets).filter { !targets[$0].state.isEnded }
        for target in left { targets[target].giveUp(.hostLost) }
        changes.targets.formUnion(left)
        countFailures(left.count)
        setHost(host) {
            $0.phase = .givenUp
            $0.givenUp = why
        }
        return [.announce(.hostGivenUp(hosts[host].name, why))]
            + left.map { .announce(.targetEnded($0)) } + desire(host)
    }

    /// Gives lost hosts up when nothing else is left to do and they have been waited for.
    mutating func giveUpLost(at now: Date) -> [Action] {
        guard state.phase == .running, state.pause == nil,
            counts.heard == 0
        else { return [] }
        var actions: [Action] = []
        for host in hosts.indices {
            guard let since = hosts[host].state.lostSince, !hosts[host].state.phase.isEnded,
                now.timeIntervalSince(since) >= strategy.giveUpAfter
            else { continue }
            let why =
                hosts[host].state.phase == .surveying
                ? "did not answer: is its worker running, and connected to this broker?"
                : "has said nothing any more: is its worker still running?"
            actions += giveUp(host, why)
        }
        // Whoever is waited for still has another chance, if they were more failures than are put up with.
        return actions.isEmpty ? [] : actions + keepToBudget()
    }

    /// Ends the rollout, if nothing is left.
    mutating func conclude() -> [Action] {
        switch state.phase {
        case .running where counts.open == 0:
            setState { $0.phase = .completed }
        case .cancelling where hosts.allSatisfy({ $0.isLost || !$0.hasSlicesOut }):
            for host in hosts.indices where hosts[host].hasSlicesOut { recall(host) }
            setState { $0.phase = .cancelled }
        default: return []
        }
        // What a rollout wants of hosts ends with it.
        return hosts.indices.flatMap { desire($0) } + [.announce(.ended(state.phase))]
    }

    /// Expects no answer any more of a host.
    private mutating func recall(_ host: Int) {
        for lane in hosts[host].lanes.indices {
            guard let target = hosts[host].lanes[lane].inFlight else { continue }
            hosts[host].lanes[lane].inFlight = nil
            targets[target].putBack()
            changes.targets.insert(target)
        }
    }

    mutating func setState(_ change: (inout State) -> Void) {
        change(&state)
        changes.isStateChanged = true
        mayAdmit = true
    }

    mutating func setHost(_ host: Int, _ change: (inout RolloutHost.State) -> Void) {
        counts.count(hosts[host].state, -1)
        change(&hosts[host].state)
        counts.count(hosts[host].state, 1)
        changes.hosts.insert(host)
        mayAdmit = true
    }
}
