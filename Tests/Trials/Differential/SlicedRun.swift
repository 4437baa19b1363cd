import Defrag
import DefragTypes
import Support
import XFS

/// A file defragmented from its start to its end, in one run or in several, each going on where the one before was
/// stopped, with what that one has handed on or without, and some delivered again. Everything that the results say is checked
/// as far as it can be.
struct SlicedRun {
    /// What ends a slice, or changes it in its midst.
    private enum Event {
        case none
        /// Asked to stop at this question.
        case stop(question: Int)
        /// A time limit.
        case limit(Duration)
        /// Another policy from this question on.
        case change(question: Int)
    }

    /// The file.
    let path: String
    /// Whether the file and its file system have no other users.
    let isQuiet: Bool
    /// Bytes of a block.
    let blockSize: ByteCount
    /// The results of the slices so far.
    private(set) var results: [DefragResult] = []
    private var pauses: PauseController?
    private var tasks: SliceTasks
    private var policy: Policy
    private var isEnded = false

    /// A run under `policy`.
    init(
        _ path: String, policy: Policy, blockSize: Int64, isQuiet: Bool, _ random: inout Xorshift
    ) {
        self.path = path
        self.blockSize = ByteCount(blockSize)
        self.policy = policy
        self.isQuiet = isQuiet
        tasks = SliceTasks(unshareBudget: policy.sharing == .unshare ? nil : policy.unshareBudget, &random)
    }

    /// Most slices that are stopped; the next one runs to its end.
    private static let mostStops = 6

    /// Runs all of them.
    ///
    /// - Parameters:
    ///   - random: where the choices come from.
    ///   - makeRoom: called when a slice has ended for want of space; the next ones go without a floor.
    ///   - moved: called with the position of the run.
    /// - Throws: ``Violation`` if a result is not as it must be, and what `makeRoom` throws.
    mutating func perform(
        _ random: inout Xorshift, makeRoom: () throws -> Void, moved: (Int64) -> Void
    ) throws {
        let isSliced = Bool.random(using: &random)
        while !isEnded {
            let mayEnd = !isSliced || results.count >= Self.mostStops
            try slice(mayEnd ? .none : Self.event(&random), &random, moved: moved)
            if results.last?.reason == .lowSpace {
                try Inspection.promise(results.count < 3 * Self.mostStops, "never enough space: \(results)")
                policy.minFree = .bytes(.zero)
                try makeRoom()
            }
        }
    }

    private static func event(_ random: inout Xorshift) -> Event {
        switch Int.random(in: 0..<4, using: &random) {
        case 0: .limit(.microseconds(Int.random(in: 0...20_000, using: &random)))
        case 1: .change(question: Int.random(in: 1...8, using: &random))
        default: .stop(question: Int.random(in: 1...12, using: &random))
        }
    }

    private mutating func slice(
        _ event: Event, _ random: inout Xorshift, moved: (Int64) -> Void
    ) throws {
        var mayEnd = false
        if case .none = event { mayEnd = true }
        let task = tasks.next(mayEnd: mayEnd, &random)
        var start = policy
        if start.sharing == .preserve { start.unshareBudget = task.unshareBudget }
        let isDryRun = Int.random(in: 0..<12, using: &random) == 0
        if Bool.random(using: &random) { pauses = nil }
        var other = RandomPolicy.make(free: .zero, &random)
        other.minFree = start.minFree
        (other.sharing, other.unshareBudget) = (start.sharing, start.unshareBudget)
        let file = try openForDefrag(path: path)
        var defragmenter = Defragmenter(policy: start, pauses: pauses, state: task.state, job: task.job)
        var questions = 0
        var isAsked = false
        var timeLimit: Duration?
        if case .limit(let limit) = event { timeLimit = limit }
        let result = defragmenter.run(
            file, path: path, from: task.cursor, timeLimit: timeLimit, dryRun: isDryRun
        ) { progress in
            questions += 1
            moved(progress.offset.rawValue)
            switch event {
            case .stop(let question) where questions >= question:
                isAsked = true
                return .stop(.interrupted)
            case .change(let question) where questions >= question: return .proceed(other)
            default: return .proceed(start)
            }
        }
        pauses = defragmenter.pauses
        try Inspection.promise(
            isPlausible(
                result, of: start, task, isAsked: isAsked, hasLimit: timeLimit != nil, isDryRun: isDryRun),
            "\(event), \(start): \(task): \(result)")
        results.append(result)
        guard !isDryRun,
            try tasks.ended(task, result, defragmenter.state, &random)
        else { return }
        isEnded = result.status == .done
    }

    private func isPlausible(
        _ result: DefragResult, of policy: Policy, _ task: SliceTasks.Task, isAsked: Bool, hasLimit: Bool,
        isDryRun: Bool
    ) -> Bool {
        // The last block counts as far as the file reaches where it is rewritten, and as a whole where it is shared.
        let tails = ByteCount(Int64(result.pause.count) * blockSize.rawValue)
        let hasUnshared =
            result.bytes.unshared <= result.bytes.rewritten + tails
            && (policy.sharing == .unshare
                || policy.unshareBudget.map { result.bytes.unshared <= $0 } ?? true)
        let hasPaused = result.pause.count > 0 || result.bytes.rewritten == .zero
        guard hasUnshared, hasPaused, isCounted(result) else { return false }
        if isDryRun && result.bytes.rewritten > .zero { return false }
        switch result.status {
        case .done:
            let reasons: [Reason?] = [nil, .alreadyContiguous, .unshareBudget]
            return result.nextOffset == nil && reasons.contains(result.reason)
        case .skipped: return isDryRun && result.reason == .dryRun
        case .failed: return false
        case .partial:
            guard let next = result.nextOffset, next >= task.cursor else { return false }
            switch result.reason {
            case .interrupted: return isAsked
            // Unless it is dry, it has got somewhere.
            case .timeLimit: return hasLimit && (isDryRun || next > task.cursor)
            case .lowSpace: return isQuiet || policy.minFree != .bytes(.zero)
            // It has seen that it is of no use here, under this load; what follows may be another matter.
            case Reason(rawValue: "noGain"): return next > task.cursor
            default: return false
            }
        }
    }

    /// Whether its figures of the file are those of a file without other users.
    private func isCounted(_ result: DefragResult) -> Bool {
        guard isQuiet else { return true }
        let hasMoved = result.bytes.rewritten > .zero
        let isSame = result.extents.after == result.extents.before
        return (hasMoved || isSame) && result.freeBytes.lowest <= result.freeBytes.before
    }

    /// For a file without other users: it said how many extents there were `before` and are `after`, and these are no
    /// more, or hardly: on a busy machine chunks are small, to keep the pause, and find room that a whole window does not
    /// find, apart from one another. Unless what is free is in pieces.
    ///
    /// - Returns: how many more they are.
    func promiseExtents(before: Observation, after: Observation, isFreeInPieces: Bool) throws -> Int {
        // A slice that was stopped before it had counted says nothing.
        guard let first = results.first(where: { $0.inode != 0 }), let last = results.last else { return 0 }
        func maps() -> String { "\(policy), \(results), before: \(before.picture), after: \(after.picture)" }
        try Inspection.promise(
            first.extents.before == before.extents && last.extents.after == after.extents,
            "\(path): there were \(before.extents) extents and are \(after.extents): \(maps())")
        // What must not be shared any more cannot stay where it is, in the midst of what is not: that breaks an extent
        // in three. So does what is rewritten before a run is stopped, until the window is rewritten as a whole. Each chunk has
        // two measured locks.
        let breaks = results.reduce(0) {
            $0 + (policy.sharing == .unshare || $1.status == .partial ? $1.pause.count : 0)
        }
        // Preallocation is left where it is, so what was written beside it cannot be joined with it.
        let (old, new) = (before.extentsOfOneState, after.extentsOfOneState)
        try Inspection.promise(
            isFreeInPieces || new <= old + breaks + max(2, old / 8),
            "\(path): \(old) extents became \(new): \(maps())")
        return max(0, new - old - breaks)
    }
}
