import Contract
import DefragTypes
import Foundation

/// Slices that no host answers, or that cannot be delivered. If that is so for every host, the hosts are not to blame.
extension Rollout {
    /// Attempts that went unanswered, and at which hosts.
    struct Unanswered: Codable, Hashable, Sendable {
        var attempts = 0
        /// Those of them that could not be delivered.
        var undeliverable = 0
        /// Indices.
        var hosts: Set<Int> = []

        init(attempts: Int = 0, undeliverable: Int = 0, hosts: Set<Int> = []) {
            (self.attempts, self.undeliverable, self.hosts) = (attempts, undeliverable, hosts)
        }

        init(from decoder: any Decoder) throws {
            let stored = try decoder.container(keyedBy: CodingKeys.self)
            try stored.read(.attempts, into: &attempts)
            try stored.read(.undeliverable, into: &undeliverable)
            try stored.read(.hosts, into: &hosts)
        }

        /// What a rollout is paused as for them.
        var pause: Pause { undeliverable == attempts ? .undeliverable : .unanswered }
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
        return overdue.isEmpty ? [] : unanswered(overdue, .noAnswer, at: now)
    }

    /// The slices in flight of these targets will not be answered, for `reason`.
    mutating func unanswered(_ overdue: [Int], _ reason: Reason, _ why: String? = nil, at now: Date)
        -> [Action]
    {
        let silent = overdue.map { targets[$0].host }
        setState {
            $0.unanswered.attempts += overdue.count
            if reason == .undeliverable { $0.unanswered.undeliverable += overdue.count }
            $0.unanswered.hosts.formUnion(silent)
        }
        let pauses = state.phase == .running && state.pause == nil && noHostAnswers
        if pauses { setState { $0.pause = $0.unanswered.pause } }
        var actions: [Action] = []
        for target in overdue {
            // While the hosts are not to blame, no target fails.
            let canEnd = state.pause != .unanswered && state.pause != .undeliverable
            actions += attemptFailed(target, reason, why, at: now, canEnd: canEnd)
        }
        guard pauses else { return actions }
        let counted = state.unanswered
        let told = Announcement.unanswered(
            attempts: counted.attempts, undeliverable: counted.undeliverable, hosts: counted.hosts.count)
        return actions + [.announce(told)]
            + hosts.indices.flatMap { refresh($0, at: now) }
    }

    /// Whether every host that lives and is at work has had an attempt without an answer since the last answer of any host.
    private var noHostAnswers: Bool {
        let working = hosts.indices.filter {
            hosts[$0].isAtWork && !hosts[$0].isLost && !hosts[$0].isStopped && !hosts[$0].isHeld
                && hosts[$0].deafness == nil
                && !hosts[$0].state.phase.isEnded
        }
        return state.unanswered.attempts >= Self.fewestUnanswered && !working.isEmpty
            && working.allSatisfy(state.unanswered.hosts.contains)
    }

    /// A host has answered a slice.
    mutating func isAnswered() {
        if state.unanswered.attempts > 0 { setState { $0.unanswered = Unanswered() } }
    }

    /// From `resume` on, attempts without an answer do not count.
    mutating func forgiveUnanswered() {
        setState { $0.unanswered = Unanswered() }
        for target in targets.indices {
            guard case .backingOff(_, let reason) = targets[target].state,
                reason == .noAnswer || reason == .undeliverable
            else { continue }
            targets[target].resetAttempts()
            changes.targets.insert(target)
        }
    }
}
