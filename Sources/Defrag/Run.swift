import DefragTypes
import XFS

/// One run over one file: the loop over its windows.
struct Run: ~Copyable {
    var work: WorkFile
    var account: Account
    var pace: Pace
    var state: SliceState
    /// Where it begins.
    let from: Int64
    let decide: (DefragProgress) -> Directive

    /// A run over `file` from byte `from` on (rounded down to a block), of which the whole map has been walked over.
    init(
        over file: borrowing XFS.File, from: Int64, pace: Pace, isDryRun: Bool,
        needsPin: Bool = KernelRelease.current.losesDataWhenUnsharing,
        decide: @escaping (DefragProgress) -> Directive
    ) throws(SystemError) {
        var work = try WorkFile(file, needsPin: needsPin)
        let space = try file.space()
        let from = max(0, from) / work.blockSize * work.blockSize
        var account = Account(from: from, isDryRun: isDryRun)
        account.inode = work.inode
        account.size = work.size
        account.add(space)
        if work.extentSizeHint > 0 {
            account.note(
                .extentSizeHint,
                "it has an extsize hint of \(ByteCount(work.extentSizeHint)), which XFS obeys when it allocates: "
                    + "more extents remain. XFS takes the hint back only from an empty file")
        }
        let state = try SliceState(of: &work, from: from, policy: pace.policy, space: space)
        account.budget = state.budget
        account.extents = .init(before: state.extents, after: state.extents)
        self.from = from
        self.work = work
        self.account = account
        self.state = state
        self.pace = pace
        self.pace.begin()
        self.decide = decide
    }

    /// Runs, and reports truthfully however it ends.
    mutating func result(path: String) -> DefragResult {
        var halt: Halt?
        do { try account.isDryRun ? predict() : rewrite() } catch { halt = Halt(error) }
        var result = account.ending(halt, path: path)
        takeFinalFigures()
        account.fill(&result)
        return result
    }

    private mutating func takeFinalFigures() {
        if !account.isDryRun, account.rewritten > 0, let extents = try? work.countExtents() {
            account.extents.after = extents
        }
        _ = try? look()
        if let space = try? work.file.space() { account.add(space) }
    }

    /// Counts what would be rewritten.
    private mutating func predict() throws {
        while let plan = try nextWindow() {
            account.add(plan)
            account.position = plan.next
            try ask()
        }
    }

    /// Rewrites the file's windows, and leaves no traces in it.
    private mutating func rewrite() throws {
        guard let plan = try nextWindow() else {
            return try Workspace.restoreLeftHint(in: work, &account)
        }
        var workspace = try Workspace(in: work, &account)
        var end: (any Error)?
        do { try rewriteWindows(from: plan, in: &workspace) } catch { end = error }
        end = workspace.finish(&work, after: end, &account, aim: pace.policy.maxPause)
        if let end { throw end }
    }

    private mutating func rewriteWindows(from first: WindowPlan, in workspace: inout Workspace) throws {
        var next: WindowPlan? = first
        while let plan = next {
            switch pace.policy.sharing == .unshare ? .rewrite : state.gain.advice(on: plan) {
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
            budget: state.budget - account.unshared, allowance: state.allowance)
    }
}
