import Contract
import DefragTypes
import Foundation

/// Slices that no host answers. If that is so for every host, the hosts are not to blame.
extension Rollout {
    /// Attempts that went unanswered, and at which hosts.
    struct Unanswered: Codable, Hashable, Sendable {
        var attempts = 0
        /// Indices.
        var hosts: Set<Int> = []
    }

    /// Fewest attempts without an answer after which the rollout pauses.
    private static let fewestUnanswered = 2

    /// Ends the attempts whose timeout is over: the host lives but does not mention the slice.
    mutating func endOverdueAttempts(at now: Date) -> [Action] {
        let overdue = hosts.indices.filter { !hosts[$0].isLost && !hosts[$0].state.phase.isEnded }
            .flatMap { hosts[$0].lanes.compactMap(\.inFlight) }
            .filter {
                guard case .inFlight(let since) = targets[$0].state else { return false }
                return now.timeIntervalSince(since) >= sliceTimeout
            }
        return overdue.isEmpty ? [] : unanswered(overdue, at: now)
    }

    /// The slices in flight of these targets will not be answered.
    mutating func unanswered(_ overdue: [Int], at now: Date) -> [Action] {
        let silent = overdue.map { targets[$0].host }
        setState {
            $0.unanswered.attempts += overdue.count
            $0.unanswered.hosts.formUnion(silent)
        }
        let pauses = state.phase == .running && state.pause == nil && isNobodyAnswering
        if pauses { setState { $0.pause = .unanswered } }
        var actions: [Action] = []
        for target in overdue {
            // While the hosts are not to blame, no target fails.
            actions += attemptFailed(target, .noAnswer, at: now, canEnd: state.pause != .unanswered)
        }
        guard pauses else { return actions }
        let (attempts, count) = (state.unanswered.attempts, state.unanswered.hosts.count)
        return actions + [.announce(.unanswered(attempts: attempts, hosts: count))]
            + hosts.indices.flatMap { refresh($0, at: now) }
    }

    /// Whether every host that lives and is at work has had an attempt without an answer since the last answer of any host.
    private var isNobodyAnswering: Bool {
        let working = hosts.indices.filter {
            hosts[$0].isAtWork && !hosts[$0].isLost && !hosts[$0].isHeld && hosts[$0].deafness == nil
                && !hosts[$0].state.phase.isEnded
        }
        return state.unanswered.attempts >= Self.fewestUnanswered && !working.isEmpty
            && working.allSatisfy(state.unanswered.hosts.contains)
    }

    /// A host has answered a slice.
    mutating func isAnswered() {
        if state.unanswered.attempts > 0 { setState { $0.unanswered = Unanswered() } }
    }

    /// After `resume` the attempts that nobody has answered count no more.
    mutating func forgiveUnanswered() {
        setState { $0.unanswered = Unanswered() }
        for target in targets.indices {
            guard case .backingOff(_, .noAnswer) = targets[target].state else { continue }
            targets[target].beginAnew()
            changes.targets.insert(target)
        }
    }
}
