import AMQP
import Contract
import DefragTypes
import Foundation

/// The work of a simulated host, and its state.
struct HostWork {
    /// Its desired state.
    private(set) var desired = DesiredState.initial
    /// Since when file systems wait for their next slice.
    var waiting: [String: ContinuousClock.Instant] = [:]
    private var running: [String: RunningSlice] = [:]
    private var underWay: [String: [Delivery]] = [:]
    private var answered: Set<String> = []
    private var done: Set<String> = []
    private var isAtWork = false

    /// What to do with a delivery.
    enum Verdict { case begin, underWay, answered }

    /// A delivery has brought a task.
    mutating func arrived(_ task: String, _ delivery: Delivery) -> Verdict {
        if answered.contains(task) { return .answered }
        underWay[task, default: []].append(delivery)
        return underWay[task]?.count == 1 ? .begin : .underWay
    }

    /// The answer to a task is confirmed. Returns its deliveries, to be acked.
    mutating func answered(_ task: String) -> [Delivery] {
        answered.insert(task)
        return underWay.removeValue(forKey: task) ?? []
    }

    /// A slice begins. Returns whether the host's work does.
    mutating func begin(_ slice: RunningSlice) -> Bool {
        running[slice.id] = slice
        if desired.mode == .pause { slice.stop() }
        defer { isAtWork = true }
        return !isAtWork
    }

    /// A slice has ended. Returns whether it is the first to reach its file's end, and whether that was the last of so many files.
    mutating func end(_ slice: RunningSlice, _ result: DefragResult, of files: Int) -> (
        isFirst: Bool, isLast: Bool
    ) {
        running[slice.id] = nil
        waiting[slice.task.fileSystem ?? ""] = .now
        guard result.status == .done, done.insert(slice.task.path).inserted else { return (false, false) }
        guard done.count == files else { return (true, false) }
        isAtWork = false
        waiting = [:]
        return (true, true)
    }

    /// Takes a desired state, unless it is older than the one known. Returns whether it was taken.
    mutating func take(_ desired: DesiredState) -> Bool {
        guard desired.generation > self.desired.generation else { return false }
        self.desired = desired
        if desired.mode == .pause { for slice in running.values { slice.stop() } }
        return true
    }

    /// The progress of the running slices.
    var progress: [SliceProgress] { running.values.map(\.progress) }
}

/// A slice that runs: a sleep, from its cursor to the file's end or for its time budget.
struct RunningSlice: Sendable {
    let id: String
    let task: SliceTask
    /// Ends when the slice does.
    let sleep: Task<Void, Never>
    private let file: SimulatedFile
    /// Bytes a second.
    private let rate: Double
    private let start = ContinuousClock.now

    init(_ id: String, _ task: SliceTask, _ file: SimulatedFile, rate: Double) {
        self.id = id
        self.task = task
        self.file = file
        self.rate = rate
        let rest = Double((file.size - task.from).rawValue) / rate
        let length = Duration.seconds(min(rest, task.timeBudget))
        sleep = Task { try? await Task.sleep(for: length) }
    }

    /// Ends it where it is.
    func stop() { sleep.cancel() }

    private var seconds: Double { (ContinuousClock.now - start) / .seconds(1) }

    private var offset: ByteCount {
        min(file.size, task.from + ByteCount(Int64(seconds * rate)))
    }

    var progress: SliceProgress {
        SliceProgress(
            task: id, job: task.job, path: task.path, offset: offset, size: file.size,
            rewritten: offset - task.from, maxPauseMs: 20, seconds: seconds)
    }

    /// The result, after its end.
    var result: DefragResult {
        let isDone = offset == file.size
        var result = DefragResult(path: task.path, status: isDone ? .done : .partial)
        if !isDone {
            result.reason = sleep.isCancelled ? .paused : .timeLimit
            result.nextOffset = offset
        }
        result.inode = task.inode ?? 0
        result.size = file.size
        result.extents = .init(before: file.extents, after: isDone ? 12 : file.extents)
        result.bytes.rewritten = offset - task.from
        result.seconds = seconds
        return result
    }
}
