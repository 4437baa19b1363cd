import Contract
import Foundation

/// Tasks whose answers may have been lost: with the queue, or because the store was restored from a backup that is older than
/// they are.
///
/// Such a task is awaited until the host's own states show that it does not have it (any more): then the target is pending again,
/// or the survey is requested again, under a new number and without a failed attempt.
extension Rollout {
    /// Seconds since a task was sent, or last mentioned, in which it may be on its way to the host.
    private static let delivery: TimeInterval = 15
    /// Seconds between two states without the task after which the host does not have it.
    private static let absence: TimeInterval = 10
    /// The same for workers before contract 1.2, whose states do not mention tasks that wait behind others.
    private static let absenceUnaccepted: TimeInterval = 30

    /// The answers to all tasks in flight may be lost.
    mutating func doubtEverything() {
        for host in hosts.indices { doubtEverything(of: host) }
    }

    mutating func doubtEverything(of host: Int) {
        for case let target? in hosts[host].lanes.map(\.inFlight) { hosts[host].doubt(.slice(target)) }
        doubtSurvey(of: host)
    }

    mutating func doubtSurvey(of host: Int) {
        guard hosts[host].state.phase == .surveying, hosts[host].state.survey.number > 0 else { return }
        hosts[host].doubt(.survey)
    }

    /// Looks whether a host still has the tasks in doubt, given those that it mentions. A host that cannot consume its queue may
    /// get them later.
    mutating func resolveDoubts(
        _ said: HostState, mentioned: Set<RolloutHost.Task>, of host: Int, at now: Date
    ) -> [Action] {
        guard !hosts[host].doubts.isEmpty, said.deaf == nil else { return [] }
        let absence = said.accepted == nil ? Self.absenceUnaccepted : Self.absence
        var actions: [Action] = []
        for (task, absentSince) in hosts[host].doubts.sorted(by: { $0.key < $1.key }) {
            guard let since = since(task, host), now.timeIntervalSince(since) >= Self.delivery,
                !mentioned.contains(task)
            else {
                hosts[host].doubts[task] = .some(nil)
                continue
            }
            guard let absentSince else {
                hosts[host].doubts[task] = now
                continue
            }
            guard now.timeIntervalSince(absentSince) >= absence else { continue }
            switch task {
            case .survey where state.phase == .cancelling: break
            case .survey: actions += requestSurvey(host, at: now)
            case .slice(let target):
                targets[target].returnToPending()
                actions += sliceEnded(target, at: now)
            }
        }
        return actions
    }

    private func since(_ task: RolloutHost.Task, _ host: Int) -> Date? {
        switch task {
        case .survey: return hosts[host].state.survey.since
        case .slice(let target):
            guard case .inFlight(let since) = targets[target].state else { return nil }
            return since
        }
    }
}
