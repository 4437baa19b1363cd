import Contract
import DefragTypes
import Synchronization

/// How the worker stands: what the operator wants of it, whether it is leaving, and what runs. Engines ask it
/// between chunks from their own threads, so it is behind a lock and never waits.
final class Standing: Sendable {
    private struct State {
        var desired = DesiredState.initial
        var isLeaving = false
        var running: [String: SliceProgress] = [:]
        var surveys: Set<String> = []
        var deaf: String?

        var obstacle: Reason? { isLeaving ? .interrupted : desired.mode == .pause ? .paused : nil }
    }

    private let state = Mutex(State())

    /// Yields whenever a slice begins while none ran.
    let activity: AsyncStream<Void>
    private let activityContinuation: AsyncStream<Void>.Continuation

    init() {
        (activity, activityContinuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// What the operator wants.
    var desired: DesiredState { state.withLock(\.desired) }

    /// The worker has been told to stop.
    var isLeaving: Bool { state.withLock(\.isLeaving) }

    /// The running slices, by path.
    var running: [SliceProgress] {
        state.withLock { $0.running.values.sorted { PathKey($0.path) < PathKey($1.path) } }
    }

    /// Ids of the running surveys.
    var surveys: [String] { state.withLock { $0.surveys.sorted() } }

    /// Why no task reaches this worker, in words; `nil` while they do.
    var deaf: String? { state.withLock(\.deaf) }

    /// Notes why no task reaches this worker. Returns whether that is news.
    func note(deaf: String?) -> Bool {
        state.withLock { state in
            defer { state.deaf = deaf }
            return state.deaf != deaf
        }
    }

    /// Notes that the survey `task` runs while `work` does.
    func duringSurvey<Value>(_ task: String, _ work: () -> Value) -> Value {
        state.withLock { _ = $0.surveys.insert(task) }
        defer { state.withLock { _ = $0.surveys.remove(task) } }
        return work()
    }

    /// Takes `desired` over, unless it is older than what is known. Returns whether it was.
    func take(_ desired: DesiredState) -> Bool {
        state.withLock { state in
            guard desired.generation > state.desired.generation(at: Generation.now) else { return false }
            state.desired = desired
            return true
        }
    }

    /// From now on every slice ends after its current chunk.
    func leave() {
        state.withLock { $0.isLeaving = true }
    }

    /// Why nothing may run now, if so.
    var obstacle: Reason? {
        state.withLock { $0.obstacle }
    }

    /// Notes how far a slice is, and says whether it may go on, and under which policy.
    func update(_ progress: SliceProgress) -> (obstacle: Reason?, overrides: PolicyOverrides) {
        state.withLock { state in
            if state.running.isEmpty { activityContinuation.yield() }
            state.running[progress.task] = progress
            return (state.obstacle, state.desired.policy)
        }
    }

    /// The slice `task` has ended.
    func ended(_ task: String) {
        state.withLock { $0.running[task] = nil }
    }
}
