import Contract
import DequeModule
import Rollout
import Synchronization

/// Tasks whose answers are waited for: asked by those who take messages in, beside the core.
final class AwaitedTasks: Sendable {
    private let tasks = Mutex<[HostName: Deque<String>]>([:])
    /// The job of `reflow run` whose tasks they are; `nil` for a coordinator's.
    private let job: JobID?

    init(of job: JobID? = nil) {
        self.job = job
    }

    /// Most tasks of a host: a slice for each file system, and some surveys. The latest count.
    static let most = 512

    /// A task goes out to a host.
    func add(_ task: String, of host: HostName) {
        tasks.withLock { tasks in
            tasks[host, default: []].append(Self.base(task))
            if tasks[host, default: []].count > Self.most { tasks[host]?.removeFirst() }
        }
    }

    /// What a rollout that is resumed waits for.
    func add(tasksOf rollout: Rollout) {
        for (host, task) in rollout.tasksInFlight { add(task, of: host) }
    }

    /// Nothing more is waited for of a task.
    func remove(_ task: String, of host: HostName) {
        tasks.withLock { tasks in
            guard let place = tasks[host]?.lastIndex(of: Self.base(task)) else { return }
            tasks[host]?.remove(at: place)
            if tasks[host]?.isEmpty == true { tasks[host] = nil }
        }
    }

    /// Whether a host is asked for an answer to `task`; to anything, if that is `nil`.
    func isAwaited(_ task: String?, of host: HostName) -> Bool {
        tasks.withLock { tasks in
            guard let own = tasks[host] else { return false }
            return task.map { own.contains(Self.base($0)) } ?? true
        }
    }

    /// Whether a task is somebody else's, who hears the answers, too: a job's is not the coordinator's, and the other way round.
    func isForeign(_ task: String) -> Bool { job.map { !$0.has(task) } ?? JobID.isOfAny(task) }

    /// A task's id without what tells one process's from another's.
    private static func base(_ task: String) -> String { String(task.prefix { $0 != "." }) }
}
