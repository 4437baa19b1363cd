public import Contract
public import Foundation

extension Rollout {
    /// Operators hold these hosts from before it begins, or goes on.
    public mutating func hold(_ names: Set<HostName>) {
        for name in names { if let host = places[name] { hosts[host].isHeld = true } }
    }

    /// The transition for one input.
    ///
    /// - Parameters:
    ///   - event: what happened.
    ///   - now: when it happened.
    ///   - isTaken: whether another rollout is at work on a host.
    /// - Returns: what has to be done, in this order.
    public mutating func handle(
        _ event: Event, at now: Date, isTaken: (HostName) -> Bool = { _ in false }
    ) -> [Action] {
        guard !state.phase.isEnded else { return [] }
        var actions: [Action] = []
        switch event {
        case .start:
            for host in hosts.indices { actions += requestSurvey(host, at: now) }
        case .heard(let name, let event, let hasTwin):
            guard let host = places[name] else { return [] }
            hosts[host].hasTwin = hasTwin
            actions += heard(event, from: host, at: now)
        case .lost(let name):
            guard let host = places[name] else { return [] }
            actions += lost(host, at: now)
        case .returned(let name):
            guard let host = places[name], hosts[host].isLost else { return [] }
            actions += returned(host, at: now)
        case .held(let name, let isHeld):
            guard let host = places[name], hosts[host].isHeld != isHeld else { return [] }
            hosts[host].isHeld = isHeld
            canAdmit = true
            actions += refresh(host, at: now)
        case .undeliverable(let task, let name, let why):
            guard let host = places[name] else { return [] }
            actions += undeliverable(task, host, why, at: now)
        case .deadLettered(let task, let name, let reason):
            guard let host = places[name] else { return [] }
            actions += deadLettered(task, host, reason, at: now)
        case .reconnected:
            restartTimers(at: now)
            // A queue may have gone with the broker.
            doubtEverything()
        case .leapt(let seconds):
            leapt(by: seconds, at: now)
        case .clockSet(let seconds):
            hours.clockWasSet(by: seconds, at: now)
        case .answersLost:
            doubtEverything()
        case .tick:
            actions += endOverdueAttempts(at: now)
            for host in hosts.indices { actions += tick(host, at: now) }
            actions += giveUpLost(at: now)
            // Another rollout may have released a host.
            canAdmit = true
        }
        let mayTimePass =
            switch event {
            case .start, .tick: true
            default: false
            }
        return actions + proceed(at: now, mayTimePass: mayTimePass, isTaken)
    }

    /// What may follow from any input: stages, slots, the end. Windows open and soaks end with the passing of time alone, of which the
    /// caller has said before whether the clock was set meanwhile.
    mutating func proceed(at now: Date, mayTimePass: Bool = false, _ isTaken: (HostName) -> Bool) -> [Action]
    {
        var actions = finishSurveying()
        if mayTimePass { actions += watchWindows(at: now) }
        actions += advanceStage(at: now, mayTimePass: mayTimePass)
        actions += admit(at: now, isTaken)
        actions += endIfDone()
        return actions
    }
}
