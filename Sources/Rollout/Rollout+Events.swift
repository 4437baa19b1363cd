public import Contract
public import DefragTypes
public import Foundation

extension Rollout {
    /// What happened.
    public enum Event: Sendable {
        /// It begins.
        case start
        /// A believed event of a host.
        case heard(HostName, HostEvent)
        /// A host has been silent for too long.
        case lost(HostName)
        /// A lost host was heard.
        case returned(HostName)
        /// A task does not reach its host: why, as a sentence about the host.
        case undeliverable(task: String, HostName, String)
        /// A task of a host ended among the dead letters.
        case deadLettered(task: String, HostName, reason: String)
        /// Hosts can be heard again: the broker was away, or the clock has leapt. All waiting begins anew.
        case reconnected
        /// Time has passed in which hosts could be heard; about once a second. Patience runs out at these only.
        case tick
    }

    /// What is to be done.
    public enum Action: Sendable {
        /// Publish a survey to a host, with this message id.
        case survey(HostName, task: String)
        /// Publish a slice of a target, with this message id: from where, for how many seconds, within what is left of the
        /// unshare budget.
        case slice(target: Int, task: String, from: ByteCount, seconds: Double, unshareBudget: ByteCount?)
        /// Publish what is wanted of a host.
        case desire(HostName, DesiredState.Mode, PolicyOverrides)
        /// Store targets that were found, from this number on.
        case add(first: Int, HostName, [FileSurvey])
        /// Store how a slice has ended.
        case account(target: Int, DefragResult)
        /// Tell the operators.
        case announce(Announcement)
    }

    /// Something that operators want to know.
    public enum Announcement: Hashable, Sendable {
        /// The survey is complete: so many targets.
        case surveyed(targets: Int)
        /// A stage of the strategy has begun.
        case stage(Stage)
        /// It pauses by itself: failures, and how many were allowed.
        case budgetExceeded(failures: Int, allowed: Int)
        /// A target has ended.
        case targetEnded(Int)
        /// A host has got a slot.
        case hostBegan(HostName)
        /// All targets of a host have ended.
        case hostFinished(HostName)
        /// A host is lost, has returned, was given up.
        case hostLost(HostName)
        case hostReturned(HostName)
        case hostGivenUp(HostName, String)
        /// A maintenance window has opened or closed.
        case windowOpened
        case windowClosed
        /// It has ended.
        case ended(Phase)
    }

    /// Takes in what happened.
    ///
    /// - Parameters:
    ///   - event: what happened.
    ///   - now: when.
    ///   - isTaken: whether another rollout works on a host at the moment.
    /// - Returns: what is to be done, in this order.
    public mutating func handle(
        _ event: Event, at now: Date, isTaken: (HostName) -> Bool = { _ in false }
    ) -> [Action] {
        guard !state.phase.isEnded else { return [] }
        var actions: [Action] = []
        switch event {
        case .start:
            for host in hosts.indices { actions += askForSurvey(host, at: now) }
        case .heard(let name, let event):
            guard let host = places[name] else { return [] }
            actions += heard(event, from: host, at: now)
        case .lost(let name):
            guard let host = places[name] else { return [] }
            actions += lost(host, at: now)
        case .returned(let name):
            guard let host = places[name], hosts[host].isLost else { return [] }
            actions += returned(host, at: now)
        case .undeliverable(let task, let name, let why):
            guard let host = places[name] else { return [] }
            actions += undeliverable(task, host, why, at: now)
        case .deadLettered(let task, let name, let reason):
            guard let host = places[name] else { return [] }
            actions += deadLettered(task, host, reason, at: now)
        case .reconnected:
            waitAnew(at: now)
        case .tick:
            for host in hosts.indices { actions += tick(host, at: now) }
            actions += giveUpLost(at: now)
            // Hosts that other rollouts had may be free by now.
            mayAdmit = true
        }
        return actions + proceed(at: now, isTaken)
    }

    /// What follows, whatever happened: stages, slots, the end.
    mutating func proceed(at now: Date, _ isTaken: (HostName) -> Bool) -> [Action] {
        var actions = concludeSurveys() + watchWindows(at: now) + advanceStage(at: now)
        actions += admit(at: now, isTaken)
        actions += conclude()
        return actions
    }

    // MARK: - What hosts say

    private mutating func heard(_ event: HostEvent, from host: Int, at now: Date) -> [Action] {
        switch event {
        case .surveyPage(let page):
            guard isAwaited(page.task, of: host) else { return [] }
            hosts[host].survey.intake.take(page)
            hosts[host].survey.since = now
            return takeSurvey(of: host)
        case .surveyFinished(let end):
            guard isAwaited(end.task, of: host) else { return [] }
            hosts[host].survey.intake.take(end)
            return takeSurvey(of: host)
        case .sliceFinished(let answer):
            return sliceFinished(answer, host, at: now)
        case .progress(let progress):
            running(progress.running, host, at: now)
            return []
        case .hostState(let said):
            if said.mode == .run { hosts[host].isHeld = false }
            if said.surveys.contains(surveyTask(of: host)) { hosts[host].survey.since = now }
            running(said.running, host, at: now)
            return dispatch(host, at: now)
        case .unknown:
            return []
        }
    }

    private mutating func running(_ slices: [SliceProgress], _ host: Int, at now: Date) {
        hosts[host].progress = slices.filter { $0.job == id }
        for slice in hosts[host].progress {
            guard let target = target(ofSlice: slice.task) else { continue }
            targets[target].isStillOut(at: now)
        }
    }

    private mutating func sliceFinished(_ answer: SliceFinished, _ host: Int, at now: Date) -> [Action] {
        // Otherwise it is late, or comes twice.
        guard let target = target(ofSlice: answer.task), targets[target].host == host else { return [] }
        if [.paused, .interrupted].contains(answer.result.reason) { hosts[host].isHeld = true }
        targets[target].answered(answer.result, at: now, retries)
        return [.account(target: target, answer.result)] + landed(target, at: now)
    }

    private mutating func deadLettered(_ task: String, _ host: Int, _ reason: String, at now: Date)
        -> [Action]
    {
        isAwaited(task, of: host)
            ? giveUp(host, "could not handle the survey: \(reason)")
            : attemptFailed(task, host, .deadLettered, at: now)
    }

    private mutating func undeliverable(_ task: String, _ host: Int, _ why: String, at now: Date) -> [Action]
    {
        isAwaited(task, of: host) ? giveUp(host, why) : attemptFailed(task, host, .noAnswer, at: now)
    }

    private mutating func attemptFailed(_ task: String, _ host: Int, _ reason: Reason, at now: Date)
        -> [Action]
    {
        guard let target = target(ofSlice: task), targets[target].host == host else { return [] }
        targets[target].attemptFailed(reason, at: now, retries)
        return landed(target, at: now)
    }

    private mutating func lost(_ host: Int, at now: Date) -> [Action] {
        guard !hosts[host].isLost, !hosts[host].state.phase.isEnded else { return [] }
        let hadWork = hosts[host].isAtWork
        setHost(host) {
            $0.lostSince = now
            // Its slot goes to others. What it has of us is still in its queue, and may yet be answered.
            if $0.phase == .active { $0.phase = .waiting }
        }
        let actions = [.announce(.hostLost(hosts[host].name))] + desire(host)
        // One that was away before it was given anything is nobody's fault here.
        guard hadWork else { return actions }
        countFailures()
        // Another canary takes its place; without a budget, only a file that fails stops the trial.
        return actions + (strategy.errorBudget == nil ? [] : keepToBudget())
    }

    private mutating func returned(_ host: Int, at now: Date) -> [Action] {
        setHost(host) { $0.lostSince = nil }
        for case let target? in hosts[host].lanes.map(\.inFlight) { targets[target].isStillOut(at: now) }
        let isAsked = hosts[host].state.phase == .surveying && state.phase != .cancelling
        let again = isAsked ? askForSurvey(host, at: now) : []
        return [.announce(.hostReturned(hosts[host].name))] + again
    }
}
