import Contract
import DefragTypes
import Foundation

/// Timeouts.
extension Rollout {
    /// Restarts every timer: hosts could not be heard until now, or the clock was set back. No wait becomes longer than one that
    /// begins now.
    mutating func restartTimers(at now: Date) {
        for host in hosts.indices {
            if hosts[host].state.survey.since != nil { hosts[host].state.survey.since = now }
            hosts[host].deafness?.since = now
            if hosts[host].isLost { setHost(host) { $0.lostSince = now } }
        }
        for target in targets.indices where targets[target].restartTimer(at: now, retries) {
            changes.targets.insert(target)
        }
        if case .soak(let until) = state.stage, let soak = strategy.canary?.soak, until > now + soak {
            setState { $0.stage = .soak(until: now + soak) }
        }
    }

    /// Leaves a leap out of every wait. Waits go on, so that they end also where the process stands still again and again.
    mutating func leapt(by seconds: TimeInterval, at now: Date) {
        // A wait until a time of the clock before would be far too long.
        guard seconds > 0 else { return restartTimers(at: now) }
        for host in hosts.indices {
            hosts[host].state.survey.since = hosts[host].state.survey.since.map { min($0 + seconds, now) }
            if let since = hosts[host].deafness?.since {
                hosts[host].deafness?.since = min(since + seconds, now)
            }
            // In memory only: a disk that is slow is not given more to write.
            hosts[host].state.lostSince = hosts[host].state.lostSince.map { min($0 + seconds, now) }
        }
        for target in targets.indices {
            guard case .inFlight(let since) = targets[target].state else { continue }
            targets[target].isStillInFlight(at: min(since + seconds, now))
        }
        if case .soak(let until) = state.stage { setState { $0.stage = .soak(until: until + seconds) } }
    }

    mutating func tick(_ host: Int, at now: Date) -> [Action] {
        guard !hosts[host].isLost else { return [] }
        switch hosts[host].state.phase {
        case .surveying where hosts[host].deafness != nil:
            // The one in its queue is enough.
            if hosts[host].state.survey.since != nil { hosts[host].state.survey.since = now }
            return giveUpIfDeaf(host, at: now)
        case .surveying:
            guard let since = hosts[host].state.survey.since,
                now.timeIntervalSince(since) >= Self.surveyTimeout
            else {
                return []
            }
            guard hosts[host].state.survey.tries < strategy.attempts else {
                return giveUp(
                    host,
                    "lives but does not answer the survey: does another worker hold its queue, or does it have no queue?"
                )
            }
            return requestSurvey(host, at: now)
        case .waiting, .active:
            return giveUpIfDeaf(host, at: now) + dispatch(host, at: now)
        case .finished, .givenUp:
            return []
        }
    }

    /// Seconds after which a living host that does not mention its slice has lost it.
    var sliceTimeout: TimeInterval { 2 * strategy.slice + 120 }

    /// Seconds after which a living host that does not mention its survey has lost it: other surveys may be before it in the queue.
    static let surveyTimeout: TimeInterval = 600
}
