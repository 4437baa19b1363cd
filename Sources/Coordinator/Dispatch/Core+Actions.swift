import AMQP
import Contract
import DefragTypes
import Foundation
import Logging
import ReflowAPI
import Rollout

/// Carries out what a rollout decides.
extension Core {
    /// Adds to `step` what a rollout has decided.
    func perform(_ actions: [Rollout.Action], _ id: String, _ step: inout Step) {
        step.add(actions, of: id)
        for action in actions { perform(action, id, &step) }
    }

    private func perform(_ action: Rollout.Action, _ id: String, _ step: inout Step) {
        guard let rollout = underWay[id] else { return }
        let state = rollout.state
        switch action {
        case .survey(let host, let task):
            let survey = SurveyTask(
                job: id, patterns: state.spec.targets.paths, minExtents: state.spec.targets.minExtents,
                minSize: state.spec.targets.minSize)
            step.write { try $0.send(.survey(survey), id: task, to: host, about: nil) }
        case .slice(let target, let task, let from, let seconds, let unshareBudget):
            let host = rollout.hosts[rollout.targets[target].host].name
            var policy = state.spec.policy.merged(with: state.overrides)
            policy.unshareBudget = unshareBudget ?? policy.unshareBudget
            step.write { [policy] write in
                let file = try write.read.file(of: target, in: id)
                let slice = SliceTask(
                    job: id, path: file.path, fileSystem: file.fileSystem, inode: file.inode, from: from,
                    policy: policy, timeBudget: seconds)
                try write.send(.slice(slice), id: task, to: host, about: file.path)
            }
        case .desire(let host, let mode, let policy): tell(host, mode, policy, &step)
        case .add, .account, .keepPage, .forgetPages: break  // in the rollout's delta
        case .announce(let announcement): announce(announcement, rollout, &step)
        }
    }

    // MARK: - What operators are told

    /// Adds an event to the log.
    func tell(
        _ type: String, _ text: String, rollout: String? = nil, host: HostName? = nil, subject: String? = nil,
        _ step: inout Step
    ) {
        let event = LoggedEvent(
            time: Timestamp(step.now), type: type, rollout: rollout, host: host, subject: subject, text: text)
        step.write { try $0.log(event) }
        let level = Self.warnings.contains(type) ? Logger.Level.warning : .info
        log.log(level: level, "\(text)", metadata: rollout.map { ["rollout": "\($0)"] })
    }

    /// What somebody may have to see to.
    private static let warnings: Set = [
        "broker.away", "host.lost", "host.givenUp", "message.dead", "message.ignored", "rollout.paused",
    ]

    private func announce(_ announcement: Rollout.Announcement, _ rollout: Rollout, _ step: inout Step) {
        let id = rollout.id
        let isPlan = rollout.state.isPlanOnly
        let kind = isPlan ? "plan" : "rollout"
        switch announcement {
        case .targetEnded(let number): announceEnd(of: number, rollout, &step)
        case .attemptFailed(let number, let attempt, let most, let reason):
            announce(
                "target.attemptFailed", number, "attempt \(attempt) of \(most) failed: \(reason)", rollout,
                &step)
        case .surveyed(let targets):
            tell(
                "\(kind).surveyed", "all hosts have been asked: \(counted(targets, "file"))", rollout: id,
                &step)
        case .stage(let stage):
            tell("rollout.stage", "stage \(stage.text(rollout.strategy))", rollout: id, &step)
        case .budgetExceeded(let failures, let allowed):
            tell(
                "rollout.paused", "paused: \(counted(failures, "failure")), \(allowed) allowed", rollout: id,
                &step)
        case .unanswered(let attempts, let hosts):
            tell(
                "rollout.paused",
                "paused: none of \(counted(attempts, "attempt")) at \(counted(hosts, "host")) was answered: their answers do not arrive here",
                rollout: id, &step)
        case .hostBegan(let host): tell("host.began", "host \(host) begins", rollout: id, host: host, &step)
        case .hostFinished(let host):
            tell("host.finished", "host \(host) has finished", rollout: id, host: host, &step)
        case .hostLost(let host):
            tell(
                "\(kind).hostLost",
                "host \(host) is lost: \(isPlan ? "planned without it" : "its slot goes to others")",
                rollout: id, host: host, &step)
        case .hostReturned(let host):
            tell(
                "\(kind).hostReturned", "host \(host) is back\(isPlan ? "" : ", and waits for a slot")",
                rollout: id, host: host, &step)
        case .hostGivenUp(let host, let why):
            tell("host.givenUp", "host \(host) is given up: it \(why)", rollout: id, host: host, &step)
        case .windowOpened where isPlan, .windowClosed where isPlan: break
        case .windowOpened: tell("rollout.windowOpened", "a maintenance window is open", rollout: id, &step)
        case .windowClosed: tell("rollout.windowClosed", "no maintenance window is open", rollout: id, &step)
        case .ended(.planned): tell("plan.completed", "the plan is complete", rollout: id, &step)
        case .ended(let phase):
            let type = phase == .completedWithFailures ? Rollout.Phase.completed : phase
            tell(
                "rollout.\(type.rawValue)",
                "the rollout is \(phase == .completedWithFailures ? "completed with failures" : phase.rawValue)",
                rollout: id, &step)
        }
    }

    private func announceEnd(of number: Int, _ rollout: Rollout, _ step: inout Step) {
        let (type, how) =
            switch rollout.targets[number].state {
            case .skipped(let reason): ("target.skipped", "was left alone: \(reason)")
            case .failed(let reason): ("target.failed", "has failed: \(reason)")
            default: ("target.done", "is done")
            }
        announce(type, number, how, rollout, &step)
    }

    private func announce(
        _ type: String, _ number: Int, _ how: String, _ rollout: Rollout, _ step: inout Step
    ) {
        let host = rollout.hosts[rollout.targets[number].host].name
        let (id, now) = (rollout.id, step.now)
        step.write { write in
            let path = try write.read.file(of: number, in: id).path
            try write.log(
                LoggedEvent(
                    time: Timestamp(now), type: type, rollout: id, host: host, subject: path,
                    text: "\(host): \(path) \(how)"))
        }
    }
}

extension Rollout.Stage {
    /// In an operator's words.
    func text(_ strategy: RolloutSpec.Strategy) -> String {
        switch self {
        case .canary: "canary"
        case .soak(let until): "soak, until \(until.formatted(.iso8601))"
        case .ramp(let step, _):
            "ramp, step \(step + 1) of \(strategy.ramp.count): \(counted(strategy.ramp[step], "host")) at once"
        case .full: "full: \(strategy.concurrency) of the hosts at once"
        }
    }
}

extension WriteTransaction {
    /// Has a task published.
    func send(_ task: HostTask, id: String, to host: HostName, about subject: String?) throws {
        let message = Contract.Message(id: id, source: "/coordinator", subject: subject, body: task)
        try append(
            Store.Outgoing(
                exchange: ExchangeName.tasks, routingKey: "\(host)", messageID: id,
                contentType: messageContentType, type: task.type, body: message.json(), kind: task.kind,
                host: "\(host)", task: id))
    }

    /// Has a desired state published.
    func send(_ state: DesiredState, to host: HostName) throws {
        let message = Contract.Message(source: "/coordinator", body: state)
        try append(
            Store.Outgoing(
                exchange: ExchangeName.control, routingKey: "\(host)", messageID: message.id,
                contentType: messageContentType, type: state.type, body: message.json(), kind: .control,
                host: "\(host)"))
    }
}

extension HostTask {
    fileprivate var kind: Store.Outgoing.Kind {
        switch self {
        case .slice: .slice
        case .survey: .survey
        }
    }
}
