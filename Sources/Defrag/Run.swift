import DefragTypes
import XFS

/// One run over one file: the loop over its windows.
struct Run: ~Copyable {
    var work: WorkFile
    var account: Account
    var pace: Pace
    var state = SliceState()
    /// Whether this run has counted the extents that there were before.
    var hasCounted = false
    /// Whether rewriting a window again has paid, and whether rewriting windows has.
    var repetition = Repetition()
    var gain = GainWatch()
    /// Where it begins.
    let from: Int64
    /// The job of which it is a slice.
    let job: String?
    let decide: (DefragProgress) -> Directive

    /// A run over `file` from byte `from` on (rounded down to a block).
    init(
        over file: borrowing XFS.File, from: Int64, pace: Pace, isDryRun: Bool, job: String? = nil,
        needsPin: Bool = KernelRelease.current.losesDataWhenUnsharing,
        decide: @escaping (DefragProgress) -> Directive
    ) throws(SystemError) {
        let work = try WorkFile(file, needsPin: needsPin)
        let from = max(0, from) / work.blockSize * work.blockSize
        var account = Account(from: from, isDryRun: isDryRun)
        account.size = work.size
        account.add(try file.space())
        if work.extentSizeHint > 0 {
            account.note(
                .extentSizeHint,
                "it has an extsize hint of \(ByteCount(work.extentSizeHint)), which XFS obeys when it allocates: "
                    + "more extents remain. XFS takes the hint back only from an empty file")
        }
        self.from = from
        self.job = job
        self.work = work
        self.account = account
        self.pace = pace
        self.decide = decide
    }

    /// Runs, and reports truthfully however it ends. What the run before has handed on is `known`.
    mutating func result(path: String, known: SliceState? = nil) -> DefragResult {
        var halt: Halt?
        do {
            try takeStock(known)
            try account.isDryRun ? predict() : rewrite()
        } catch { halt = Halt(error) }
        account.unreadable = state.unreadableRanges
        var result = account.ending(halt, path: path)
        takeFinalFigures(isAtEnd: result.nextOffset == nil && result.status != .skipped)
        account.fill(&result)
        return result
    }

    /// What the next run may go on with; `nil` if this one was stopped before it knew the file.
    var handedOn: SliceState? {
        guard state.inode != 0 else { return nil }
        return state.handedOn(unshared: account.isDryRun ? 0 : account.unshared, costs: pace.pauses.costs)
    }

    /// Counts what would be rewritten.
    private mutating func predict() throws {
        while let plan = try nextWindow() {
            try noteDevice()
            account.add(plan)
            account.position = plan.next
            try ask()
        }
    }

    /// Rewrites the file's windows, and leaves no traces in it.
    private mutating func rewrite() throws {
        guard let plan = try nextWindow() else {
            return try Workspace.removeTraces(of: work, &account)
        }
        try work.openForWriting()
        try noteDevice()
        let record = job.map {
            JobRecord(job: $0, unshared: state.unshared.rawValue, left: state.unshareBudgetLeft.rawValue)
        }
        var workspace = try Workspace(in: work, record: record, &account)
        var end: (any Error)?
        do { try rewriteWindows(from: plan, in: &workspace) } catch { end = error }
        end = workspace.finish(&work, after: end, &account, aim: pace.policy.maxPause)
        if let end { throw end }
    }

    /// Notes what the file system lies on, where that grows: once for a file, and only if there is something to rewrite.
    private mutating func noteDevice() throws(SystemError) {
        guard from == 0, account.rewritten == 0 else { return }
        if let device = ThinDevice.find(beneath: try work.look().deviceName) {
            account.note(device.note.reason, device.note.message)
        }
    }

    private mutating func rewriteWindows(from first: WindowPlan, in workspace: inout Workspace) throws {
        var next: WindowPlan? = first
        while let plan = next {
            switch pace.policy.sharing == .unshare ? .rewrite : gain.advice(on: plan) {
            case .rewrite where pace.isTooLateForWindow: throw Halt.stop(.timeLimit, message: nil)
            case .rewrite: try rewrite(plan, in: &workspace)
            case .skip:
                account.skipped += plan.bytes
                account.position = plan.next
            case .stop: throw Halt.noGain(after: GainWatch.patience)
            }
            next = try nextWindow()
        }
    }

    /// Searches the map from the position on for the next window; `nil` at the end of the file.
    private mutating func nextWindow() throws -> WindowPlan? {
        guard try look().links > 0 else {
            throw Halt.stop(
                .notFound,
                message:
                    "it was deleted during the run: what only open descriptors keep is not worth rewriting")
        }
        let (start, end) = (account.position, work.end)
        var planner = Planner(criteria: criteria, from: start, to: end)
        if start < end {
            work.seek(start..<end)
            while let record = try work.next(), planner.add(record) {
                guard pace.isQuestionDue else { continue }
                account.position = planner.position
                if account.position > start { pace.move() }
                try ask()
            }
        }
        let plan = planner.finish()
        guard start < end else { return nil }
        account.isOverBudget = account.isOverBudget || plan.isOverBudget
        account.position = plan.stretches.first?.lowerBound ?? plan.next
        return plan.stretches.isEmpty ? nil : plan
    }

    /// Looks at the file again, as guests may have changed its size.
    @discardableResult
    mutating func look() throws(SystemError) -> FileStatus {
        let status = try work.look()
        account.size = work.size
        return status
    }

    /// What the policy wants of the map, now.
    var criteria: Planner.Criteria {
        Planner.Criteria(
            target: pace.policy.targetExtent.rawValue,
            window: max(work.blockSize, pace.window / work.blockSize * work.blockSize),
            alignment: work.alignment, sharing: pace.policy.sharing,
            budget: state.unshareBudgetLeft.rawValue - account.unshared,
            allowance: state.allowance ?? .unlimited)
    }
}
