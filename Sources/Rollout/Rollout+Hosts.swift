import Contract
import DefragTypes
import Foundation

/// Events of hosts and about hosts.
extension Rollout {
    mutating func heard(_ event: HostEvent, from host: Int, at now: Date) -> [Action] {
        switch event {
        case .surveyPage(let page):
            return surveyPage(page, host, at: now)
        case .surveyFinished(let end):
            return surveyFinished(end, host)
        case .sliceFinished(let answer):
            return sliceFinished(answer, host, at: now)
        case .progress(let progress):
            _ = running(progress.running, host, at: now)
            return []
        case .hostState(let said):
            return heard(said, from: host, at: now)
        case .unknown:
            return []
        }
    }

    private mutating func sliceFinished(_ answer: SliceFinished, _ host: Int, at now: Date) -> [Action] {
        if answer.job == id { isAnswered() }
        // Otherwise it is late or a duplicate.
        guard let target = target(ofSlice: answer.task), targets[target].host == host else { return [] }
        if [.paused, .interrupted].contains(answer.result.reason) { hosts[host].isStopped = true }
        let failure = targets[target].answered(
            answer.result, budgetLeft: answer.state?.unshareBudgetLeft, at: now, retries,
            isOfTwin: isPerhapsOfTwin(target))
        let next = targets[target].state.isEnded ? nil : answer.state
        return [.account(target: target, answer.result, next)]
            + (failure.map { [failedAttempt(target, $0)] } ?? [])
            + sliceEnded(target, at: now)
    }

    mutating func deadLettered(_ task: String, _ host: Int, _ reason: String, at now: Date)
        -> [Action]
    {
        isAwaited(task, of: host)
            ? giveUp(host, "could not handle the survey: \(reason)")
            : attemptFailed(task, host, .deadLettered, reason, at: now)
    }

    mutating func undeliverable(_ task: String, _ host: Int, _ why: String, at now: Date) -> [Action] {
        let name = hosts[host].name
        if isAwaited(task, of: host) { return giveUp(host, why) }
        guard let target = target(ofSlice: task), targets[target].host == host else { return [] }
        return unanswered([target], .undeliverable, "\(name) \(why)", at: now)
    }

    private mutating func attemptFailed(
        _ task: String, _ host: Int, _ reason: Reason, _ why: String, at now: Date
    ) -> [Action] {
        guard let target = target(ofSlice: task), targets[target].host == host else { return [] }
        return attemptFailed(target, reason, why, at: now)
    }

    /// The slice in flight of a target failed without an answer.
    mutating func attemptFailed(
        _ target: Int, _ reason: Reason, _ why: String? = nil, at now: Date, canEnd: Bool = true
    ) -> [Action] {
        targets[target].attemptFailed(reason, at: now, retries, canEnd: canEnd)
        return [failedAttempt(target, reason, why)] + sliceEnded(target, at: now)
    }

    private func failedAttempt(_ target: Int, _ reason: Reason, _ why: String? = nil) -> Action {
        .announce(
            .attemptFailed(
                target: target, attempt: targets[target].fruitless, of: strategy.attempts, reason: reason,
                why: why))
    }

    mutating func lost(_ host: Int, at now: Date) -> [Action] {
        guard !hosts[host].isLost, !hosts[host].state.phase.isEnded else { return [] }
        let hadWork = hosts[host].isAtWork
        setHost(host) {
            $0.lostSince = now
            // Others get its slot. Its slice is still in its queue, and may be answered later.
            if $0.phase == .active { $0.phase = .waiting }
        }
        let actions = [.announce(.hostLost(hosts[host].name))] + desire(host)
        // A host that was lost before it had any work is no failure of the rollout.
        guard hadWork else { return actions }
        countFailures()
        // Another canary takes its place; without a budget, only a failed file stops the canary stage.
        return actions + (strategy.errorBudget == nil ? [] : keepToBudget(at: now))
    }

    mutating func returned(_ host: Int, at now: Date) -> [Action] {
        setHost(host) { $0.lostSince = nil }
        for case let target? in hosts[host].lanes.map(\.inFlight) { targets[target].isStillInFlight(at: now) }
        if hosts[host].state.survey.since != nil { hosts[host].state.survey.since = now }
        // Its survey is in its queue, and the broker delivers it again; if not, the host's states will show it.
        doubtSurvey(of: host)
        let isUnasked = hosts[host].state.phase == .surveying && hosts[host].state.survey.number == 0
        let request = isUnasked && state.phase != .cancelling ? requestSurvey(host, at: now) : []
        return [.announce(.hostReturned(hosts[host].name))] + request
    }
}
