import Contract
import DefragTypes
import Foundation

/// Failures, and the end of hosts and of the rollout.
extension Rollout {
    mutating func countFailures(_ number: Int = 1) {
        if number > 0 { setState { $0.failures += number } }
    }

    /// Pauses if the error budget is exceeded and there is a host left to pause.
    mutating func keepToBudget(at now: Date) -> [Action] {
        let counted = state.failures - state.forgiven
        // A share of the files is known only once the surveys are complete.
        guard let allowed = allowedFailures, counted > allowed, state.pause == nil, state.phase == .running,
            hosts.contains(where: { !$0.state.phase.isEnded })
        else { return [] }
        setState { $0.pause = .errorBudget }
        return [.announce(.budgetExceeded(failures: counted, allowed: allowed))]
            + hosts.indices.flatMap { refresh($0, at: now) }
    }

    /// Ends a host whose targets have all ended.
    mutating func endHostIfDone(_ host: Int) -> [Action] {
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

    /// Ends a host from which no answer is expected any more. `why` is the predicate of a sentence about it.
    mutating func giveUp(_ host: Int, _ why: String) -> [Action] {
        guard !hosts[host].state.phase.isEnded else { return [] }
        let forget = forgetPages(of: host)
        hosts[host].doubts = [:]
        forgetSlices(host)
        let left = hosts[host].lanes.flatMap(\.targets).filter { !targets[$0].state.isEnded }
        for target in left { targets[target].giveUp(.hostLost) }
        changes.targets.formUnion(left)
        countFailures(left.count)
        setHost(host) {
            $0.phase = .givenUp
            $0.givenUp = why
        }
        return forget + [.announce(.hostGivenUp(hosts[host].name, why))]
            + left.map { .announce(.targetEnded($0)) } + desire(host)
    }

    /// Gives up hosts that have been lost for `giveUpAfter`, when nothing else is left to do.
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
        // If that exceeds the budget, the other lost hosts get another chance after `resume`.
        return actions.isEmpty ? [] : actions + keepToBudget(at: now)
    }

    /// Seconds for which a host may be deaf in any case: its connections come back one by one.
    private static let shortestDeafness: TimeInterval = 60

    /// Gives up a host that has not been able to consume its queue for `giveUpAfter`: it would keep its slot, or everybody waiting
    /// for its survey, for ever. A plan goes on without it sooner, as without one that is lost.
    mutating func giveUpIfDeaf(_ host: Int, at now: Date) -> [Action] {
        let patience =
            state.isPlanOnly ? Self.shortestDeafness : max(strategy.giveUpAfter, Self.shortestDeafness)
        guard let deafness = hosts[host].deafness, state.phase == .running || state.phase == .surveying,
            state.pause == nil, now.timeIntervalSince(deafness.since) >= patience
        else { return [] }
        return giveUp(host, deafness.words) + keepToBudget(at: now)
    }

    /// Ends the rollout, if nothing is left to do.
    mutating func endIfDone() -> [Action] {
        switch state.phase {
        case .running where counts.open == 0:
            let hasFailures =
                hosts.contains { $0.state.phase == .givenUp }
                || targets.contains { if case .failed = $0.state { true } else { false } }
            setState { $0.phase = hasFailures ? .completedWithFailures : .completed }
        case .cancelling where hosts.allSatisfy({ $0.isLost || !$0.hasSlicesInFlight }):
            for host in hosts.indices where hosts[host].hasSlicesInFlight { forgetSlices(host) }
            setState { $0.phase = .cancelled }
        default: return []
        }
        // With the rollout ends what it wants of hosts.
        return hosts.indices.flatMap { forgetPages(of: $0) + desire($0) } + [.announce(.ended(state.phase))]
    }

    /// Its slices in flight count as never sent: an answer to them is ignored.
    private mutating func forgetSlices(_ host: Int) {
        for lane in hosts[host].lanes.indices {
            guard let target = hosts[host].lanes[lane].inFlight else { continue }
            hosts[host].lanes[lane].inFlight = nil
            hosts[host].doubts[.slice(target)] = nil
            hosts[host].queuedSince[target] = nil
            inherited.remove(target)
            targets[target].returnToPending()
            changes.targets.insert(target)
        }
    }

    mutating func setState(_ change: (inout State) -> Void) {
        change(&state)
        changes.isStateChanged = true
        canAdmit = true
    }

    mutating func setHost(_ host: Int, _ change: (inout RolloutHost.State) -> Void) {
        counts.count(hosts[host].state, -1)
        change(&hosts[host].state)
        counts.count(hosts[host].state, 1)
        changes.hosts.insert(host)
        canAdmit = true
    }
}
