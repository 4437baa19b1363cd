import Contract
import DefragTypes
import Foundation

/// What time does: it runs out, or begins anew.
extension Rollout {
    /// Nothing that was said in the meantime can have been missed, nor does anything wait for a time that the clock was set back
    /// from.
    mutating func waitAnew(at now: Date) {
        for host in hosts.indices {
            if hosts[host].survey.since != nil { hosts[host].survey.since = now }
            if hosts[host].isLost { setHost(host) { $0.lostSince = now } }
        }
        for target in targets.indices where targets[target].waitsAnew(at: now, retries) {
            changes.targets.insert(target)
        }
        if case .soak(let until) = state.stage, let soak = strategy.canary?.soak, until > now + soak {
            setState { $0.stage = .soak(until: now + soak) }
        }
    }

    mutating func tick(_ host: Int, at now: Date) -> [Action] {
        guard !hosts[host].isLost else { return [] }
        switch hosts[host].state.phase {
        case .surveying:
            guard let since = hosts[host].survey.since, now.timeIntervalSince(since) >= Self.surveyPatience
            else {
                return []
            }
            guard hosts[host].survey.tries < strategy.attempts else {
                return giveUp(
                    host,
                    "lives but does not answer the survey: does another worker hold its queue, or does it have no queue?"
                )
            }
            return askForSurvey(host, at: now)
        case .waiting, .active:
            var actions: [Action] = []
            for lane in hosts[host].lanes {
                guard let target = lane.inFlight, case .inFlight(let since) = targets[target].state,
                    now.timeIntervalSince(since) >= flightPatience
                else { continue }
                // The host lives but says nothing of the slice: its message or its answer was lost.
                targets[target].attemptFailed(.noAnswer, at: now, retries)
                actions += landed(target, at: now)
            }
            return actions + dispatch(host, at: now)
        case .finished, .givenUp:
            return []
        }
    }

    /// Seconds for which a living host may say nothing of a slice.
    var flightPatience: TimeInterval { 2 * strategy.slice + 120 }

    /// Seconds for which a living host may say nothing of its survey: others may be before it in the queue.
    private static let surveyPatience: TimeInterval = 600
}
