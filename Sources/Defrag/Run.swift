import DefragTypes
import XFS

/// One run over one file: the loop over its windows.
struct Run: ~Copyable {
    var work: WorkFile
    var account: Account
    var pace: Pace
    var state = SliceState()
    /// Whether this run has counted the extents that there were before.
    private var hasCounted = false
    /// Whether rewriting a window again has paid, and whether rewriting windows has.
    var repetition = Repetition()
    var gain = GainWatch()
    /// Where it begins.
    let from: Int64
    let decide: (DefragProgress) -> Directive

    /// A run over `file` from byte `from` on (rounded down to a block).
    init(
        over file: borrowing XFS.File, from: Int64, pace: Pace, isDryRun: Bool,
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
        account.unreadable = state.unreadable
        var result = account.ending(halt, path: path)
        takeFinalFigures(isAtEnd: result.status == .done)
        account.fill(&result)
        return result
    }

    /// What the next run may go on with, from where this one has come to.
    var handedOn: SliceState {
        state.handedOn(at: account.position, unshared: account.isDryRun ? 0 : account.unshared)
    }

    /// Learns what only the whole map tells, unless that is known.
    private mutating func takeStock(_ known: SliceState?) throws {
        let policy = pace.policy
        if let known, known.isValid(for: work, from: from, policy: policy) {
            state = known
        } else {
            let space = try work.file.space()
            var counter = ExtentCounter()
            var census =
                policy.sharing == .preserve
                ? SharingCensus(
                    target: policy.targetExtent.rawValue, blockSize: work.blockSize, size: work.size) : nil
            work.seek(0..<Int64.max)
            while let record = try nextRecord() {
                counter.add(record)
                if record.offset >= from { census?.add(record) }
            }
            hasCounted = true
            state = SliceState(
                of: work, from: from, extents: counter.count, census: census, policy: policy, space: space)
        }
        work.unreadable = state.unreadable
        account.inode = work.inode
        account.budget = state.budget
        account.extents = .init(before: state.extents, after: state.extents)
        // It was no work that a guest could feel.
        pace.waited()
    }

    /// At the end of the file the extents are counted, unless the run is asked to stop.
    private mutating func takeFinalFigures(isAtEnd: Bool) {
        let hasChanged = !account.isDryRun && account.rewritten > 0
        if hasChanged { account.extents.after = state.extents }
        if isAtEnd, hasChanged || !hasCounted, let extents = try? countExtents() {
            account.extents.after = extents
            if !hasChanged { account.extents.before = extents }
        }
        _ = try? look()
        if let space = try? work.file.space() { account.add(space) }
    }

    private mutating func countExtents() throws -> Int {
        var counter = ExtentCounter()
        work.seek(0..<Int64.max)
        while let record = try work.next() {
            counter.add(record)
            if pace.isQuestionDue { try obey() }
        }
        return counter.count
    }

    /// The next record of a walk over the map, which can be stopped at each.
    mutating func nextRecord() throws -> Extent? {
        if pace.isQuestionDue { try ask() }
        return try work.next()
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
            budget: state.budget - account.unshared, allowance: state.allowance)
    }
}
