import AMQP
import Contract
import DefragTypes
import Foundation
import ReflowAPI
import Rollout

extension Rollout {
    /// What one of its decisions comes to, apart from what it changes in the rollout itself.
    func effects(of action: Action, at now: Date) -> [Effect] {
        switch action {
        case .survey(let host, let task):
            let survey = SurveyTask(
                job: id, patterns: state.spec.targets.paths, minExtents: state.spec.targets.minExtents,
                minSize: state.spec.targets.minSize)
            return [.send(id: task, host, isSurvey: true) { _ in .survey(survey) }]
        case .slice(let target, let task, let from, let seconds, let notAfter, let unshareBudget):
            let host = hosts[targets[target].host].name
            var policy = state.spec.policy.merged(with: state.overrides)
            policy.unshareBudget = unshareBudget ?? policy.unshareBudget
            return [
                .send(id: task, host, isSurvey: false) { [id, policy] read in
                    let file = try read.file(of: target, in: id)
                    return .slice(
                        SliceTask(
                            job: id, path: file.path, fileSystem: file.fileSystem, inode: file.inode,
                            from: from, policy: policy, timeBudget: seconds,
                            notAfter: notAfter.map { Timestamp($0) },
                            state: try read.sliceState(of: target, in: id)))
                }
            ]
        case .desire(let host, let mode, let policy): return [.desire(host, mode, policy)]
        case .add, .account, .keepPage, .forgetPages: return []  // in the rollout's delta
        case .announce(let announcement): return announce(announcement, at: now).map { [$0] } ?? []
        }
    }

    // MARK: - What operators are told

    private func announce(_ announcement: Announcement, at now: Date) -> Effect? {
        let kind = state.isPlanOnly ? "plan" : "rollout"
        func tell(_ type: String, _ text: String, _ host: HostName? = nil) -> Effect {
            .tell(type, text, rollout: id, host: host, at: now)
        }
        return switch announcement {
        case .targetEnded(let number): announceEnd(of: number, at: now)
        case .attemptFailed(let number, let attempt, let most, let reason, let why):
            announce(
                "target.attemptFailed", number,
                "attempt \(attempt) of \(most) failed: \(reason)"
                    + ((why ?? doubt(reason)).map { ": \($0)" } ?? ""), at: now)
        case .surveyed(let targets):
            tell("\(kind).surveyed", "all hosts have been asked: \(counted(targets, "file"))")
        case .stage(let stage): tell("rollout.stage", "stage \(stage.text(strategy))")
        case .budgetExceeded(let failures, let allowed):
            tell("rollout.paused", "paused: \(counted(failures, "failure")), \(allowed) allowed")
        case .unanswered(let attempts, let undeliverable, let hosts) where undeliverable == attempts:
            tell(
                "rollout.paused",
                "paused: none of \(counted(attempts, "slice")) for \(counted(hosts, "host")) could be delivered: "
                    + "the broker does not take them")
        case .unanswered(let attempts, let undeliverable, let hosts):
            tell(
                "rollout.paused",
                "paused: none of \(counted(attempts, "attempt")) at \(counted(hosts, "host")) was answered: "
                    + (undeliverable > 0
                        ? "\(undeliverable) could not be delivered, and to the others no answer arrives here"
                        : "their answers do not arrive here"))
        case .hostBegan(let host): tell("host.began", "host \(host) begins", host)
        case .hostFinished(let host): tell("host.finished", "host \(host) has finished", host)
        case .hostLost(let host):
            tell(
                "\(kind).hostLost",
                "host \(host) is lost: "
                    + (state.isPlanOnly ? "planned without it" : "its slot goes to others"), host)
        case .hostReturned(let host):
            tell(
                "\(kind).hostReturned",
                "host \(host) is back\(state.isPlanOnly ? "" : ", and waits for a slot")", host)
        case .hostGivenUp(let host, let why):
            tell("host.givenUp", "host \(host) is given up: it \(why)", host)
        case .windowOpened where state.isPlanOnly, .windowClosed where state.isPlanOnly: nil
        case .windowOpened: tell("rollout.windowOpened", "a maintenance window is open")
        case .windowClosed: tell("rollout.windowClosed", "no maintenance window is open")
        case .ended(.planned): tell("plan.completed", "the plan is complete")
        case .ended(.completedWithFailures):
            tell("rollout.completed", "the rollout is completed with failures")
        case .ended(let phase): tell("rollout.\(phase.rawValue)", "the rollout is \(phase.rawValue)")
        }
    }

    /// What an operator has to look into, where a host contradicts itself.
    private func doubt(_ reason: Reason) -> String? { reason == .notAsSurveyed ? reason.explanation : nil }

    private func announceEnd(of number: Int, at now: Date) -> Effect {
        let (type, how) =
            switch targets[number].state {
            case .skipped(let reason): ("target.skipped", "was left alone: \(reason)")
            case .failed(let reason):
                ("target.failed", "has failed: \(reason)" + (doubt(reason).map { ": \($0)" } ?? ""))
            default: ("target.done", "is done")
            }
        return announce(type, number, how, at: now)
    }

    private func announce(_ type: String, _ number: Int, _ how: String, at now: Date) -> Effect {
        let host = hosts[targets[number].host].name
        return .store { [id] write in
            let path = try write.read.file(of: number, in: id).path
            try write.log(type, "\(host): \(path) \(how)", rollout: id, host: host, subject: path, at: now)
        }
    }
}

extension Rollout.Stage {
    /// In an operator's words.
    fileprivate func text(_ strategy: RolloutSpec.Strategy) -> String {
        switch self {
        case .canary: "canary"
        case .soak(let until): "soak, until \(until.formatted(.iso8601))"
        case .ramp(let step, _):
            "ramp, step \(step + 1) of \(strategy.ramp.count): \(counted(strategy.ramp[step], "host")) at once"
        case .full: "full: \(strategy.concurrency) of the hosts at once"
        }
    }
}
