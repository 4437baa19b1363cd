import Contract
import Foundation
import Rollout
import Synchronization

/// Tasks whose answers are waited for: asked by those who take messages in, beside the core.
final class AwaitedTasks: Sendable {
    /// Of each host the tasks, and whether that is a survey.
    private let tasks = Mutex<[HostName: [String: Bool]]>([:])
    /// The job of `reflow run` whose tasks they are; `nil` for a coordinator's.
    private let job: JobID?

    init(of job: JobID? = nil) {
        self.job = job
    }

    /// A task goes out to a host.
    func add(_ task: String, of host: HostName, isSurvey: Bool) {
        tasks.withLock { $0[host, default: [:]][Self.base(task)] = isSurvey }
    }

    /// Nothing more is waited for of a task.
    func remove(_ task: String, of host: HostName) {
        tasks.withLock { tasks in
            tasks[host]?[Self.base(task)] = nil
            if tasks[host]?.isEmpty == true { tasks[host] = nil }
        }
    }

    /// These are waited for, and no others: of some nobody says that they are not any more.
    func replace(with all: some Sequence<(host: HostName, task: String, isSurvey: Bool)>) {
        let all = all.reduce(into: [HostName: [String: Bool]]()) { tasks, one in
            tasks[one.host, default: [:]][Self.base(one.task)] = one.isSurvey
        }
        tasks.withLock { $0 = all }
    }

    var count: Int { tasks.withLock { $0.values.reduce(0) { $0 + $1.count } } }

    /// Whether a host is asked for an answer to `task`, to anything if that is `nil`; for an answer of this kind, if one is named.
    func isAwaited(_ task: String?, of host: HostName, isSurvey: Bool? = nil) -> Bool {
        tasks.withLock { tasks in
            guard let own = tasks[host] else { return false }
            guard let task else { return isSurvey.map(own.values.contains) ?? true }
            return own[Self.base(task)].map { isSurvey == nil || isSurvey == $0 } ?? false
        }
    }

    /// Whether a task is somebody else's, who hears the answers, too: a job's is not the coordinator's, and the other way round.
    func isForeign(_ task: String) -> Bool { job.map { !$0.has(task) } ?? JobID.isOfAny(task) }

    /// A task's id without what tells one process's from another's.
    static func base(_ task: String) -> String {
        task.utf8.firstIndex(of: UInt8(ascii: ".")).map { String(task[..<$0]) } ?? task
    }
}

extension Core {
    /// Waits for what rollouts and surveys have in flight, and for nothing else: they need not say of a task that it has timed out,
    /// or that its rollout, its survey or its host was given up.
    func awaitWhatIsInFlight(at now: Date) {
        awaited.replace(
            with: underWay.rollouts.values.flatMap(\.tasksInFlight) + surveys.tasksInFlight(at: now))
    }
}
