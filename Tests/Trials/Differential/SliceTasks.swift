import DefragTypes
import Support

/// What a coordinator sends for the slices of one file, with what can go wrong on the way.
struct SliceTasks {
    /// One slice.
    struct Task: Hashable {
        var cursor = ByteCount.zero
        var state: SliceState?
        var unshareBudget: ByteCount?
        var job: String?
    }

    /// What happens to some of the tasks.
    private enum Trouble: CaseIterable {
        /// What the slice before has handed on is dropped, as by a coordinator before contract 1.2, and another job or none
        /// takes its turn.
        case forgetting
        /// Answers are lost, and tasks are delivered again, also ones that were answered.
        case redelivery
    }

    private let trouble: Trouble
    private let budget: ByteCount?
    /// Tasks so far; the last one is the next, which was not answered.
    private var sent: [Task]
    private var unshared = ByteCount.zero
    /// Whether the file has on record what was unshared: a slice that cannot be gone on with leaves none.
    private var isOnRecord = true

    /// Under `budget`, which is the job's.
    init(unshareBudget budget: ByteCount?, _ random: inout Xorshift) {
        trouble = Trouble.allCases.randomElement(using: &random) ?? .forgetting
        self.budget = budget
        let hasJob = trouble == .redelivery || Bool.random(using: &random)
        sent = [Task(unshareBudget: budget, job: hasJob ? "trial" : nil)]
    }

    /// The task that is delivered next: mostly the newest, and always where it `mayEnd` at the end of the file.
    func next(mayEnd: Bool, _ random: inout Xorshift) -> Task {
        var task = sent[sent.count - 1]
        switch trouble {
        case .redelivery where !mayEnd && Int.random(in: 0..<4, using: &random) == 0:
            task = sent.randomElement(using: &random) ?? task
        case .redelivery: break
        case .forgetting:
            if Int.random(in: 0..<4, using: &random) == 0 { task.state = nil }
            if Int.random(in: 0..<6, using: &random) == 0 { task.job = task.job == nil ? "other" : nil }
        }
        return task
    }

    /// Takes note of how `task` has ended, and of what it hands on.
    ///
    /// - Returns: whether the coordinator has heard of it.
    /// - Throws: ``Violation`` if more than the budget was unshared.
    mutating func ended(
        _ task: Task, _ result: DefragResult, _ state: SliceState?, _ random: inout Xorshift
    ) throws -> Bool {
        unshared += result.bytes.unshared
        if let budget, trouble == .forgetting || isOnRecord {
            try Inspection.promise(
                unshared <= budget, "\(unshared) of \(budget) were unshared: \(result)")
        }
        isOnRecord = isOnRecord && [.timeLimit, .interrupted].contains(result.reason)
        let isLost =
            trouble == .redelivery
            && (task != sent.last || (isOnRecord && Int.random(in: 0..<4, using: &random) == 0))
        guard !isLost else { return false }
        let left = state?.unshareBudgetLeft
        sent.append(
            Task(
                cursor: result.nextOffset ?? task.cursor, state: state,
                unshareBudget: task.unshareBudget.map { left ?? max(.zero, $0 - result.bytes.unshared) },
                job: sent[0].job))
        return true
    }
}
