import DefragTypes
import Glibc
import XFS

/// One run over one file: the loop over its windows, and its account.
struct Run {
    let timeLimit: Duration?
    let isDryRun: Bool
    var policy: Policy
    var pauses: PauseController

    /// Everything before is done.
    var cursor: Int64
    var size: Int64 = 0
    var blockSize: Int64 = 4096
    /// Unit of the file's copy-on-write allocations.
    var alignment: Int64 = 131_072
    var budget: Int64 = 0
    var isOverBudget = false
    /// Whether laying a window again has paid.
    var repetition = Repetition()

    var rewritten: Int64 = 0
    var unshared: Int64 = 0
    var plannedExtents = 0
    var histogram = PauseHistogram()
    var lastChunk: Int64 = 0
    var lastPause = Duration.zero
    var lowestFree = Int64.max

    let started = ContinuousClock.now
    /// When the work proper began: the time limit counts from here.
    var began = ContinuousClock.now
    var lastAsked = ContinuousClock.now
    /// When the last rest ended, and what was rewritten since.
    var lastRested = ContinuousClock.now
    var sinceRest: Int64 = 0
    var hasMoved = false

    init(policy: Policy, pauses: PauseController, from: Int64, timeLimit: Duration?, isDryRun: Bool) {
        self.policy = policy
        self.pauses = pauses
        self.cursor = max(0, from)
        self.timeLimit = timeLimit
        self.isDryRun = isDryRun
    }

    /// Runs, and reports truthfully however it ends.
    mutating func result(
        of file: borrowing XFS.File, path: String, decide: (DefragProgress) -> Directive
    ) -> DefragResult {
        var result = DefragResult(path: path, status: .done)
        do throws(Halt) {
            try prepare(file, &result)
            try work(on: file, decide: decide)
            result.reason =
                isOverBudget ? .unshareBudget : rewritten == 0 ? .alreadyContiguous : nil
            if isOverBudget {
                result.message =
                    "small extents that backups share were left alone: re-laying them would cost more than the "
                    + "\(ByteCount(budget)) allowed. Raise --unshare-budget, or make room"
            }
            if isDryRun && rewritten > 0 {
                result.status = .skipped
                result.reason = .dryRun
                result.message = "would lay \(ByteCount(rewritten)) in \(plannedExtents) extents afresh"
            }
        } catch {
            report(error, in: &result, path: path)
        }
        conclude(file, &result)
        return result
    }

    private mutating func prepare(_ file: borrowing XFS.File, _ result: inout DefragResult) throws(Halt) {
        let status = try halting { () throws(SystemError) in try file.status() }
        let space = try halting { () throws(SystemError) in try file.space() }
        result.inode = status.inode
        size = status.size
        blockSize = try halting { () throws(SystemError) in try file.geometry().blockSize }
        let attributes = try halting { () throws(SystemError) in try file.attributes() }
        // A chunk is at least this long: a large hint must not make its lock long.
        alignment = min(max(1 << 20, blockSize), attributes.cowAllocationUnit(blockSize: blockSize))
        cursor = cursor / blockSize * blockSize
        lowestFree = space.available
        result.freeBytes.before = ByteCount(space.available)
        let floor = policy.minFree.bytes(ofFileSystem: ByteCount(space.size)).rawValue
        budget = policy.unshareBudget?.rawValue ?? max(0, space.available - floor) / 4
        result.extents.before = try halting { () throws(SystemError) in try countExtents(file) }
        result.extents.after = result.extents.before
        began = .now
        lastRested = .now
    }

    private func report(_ halt: Halt, in result: inout DefragResult, path: String) {
        switch halt {
        case .stop(let reason, let message):
            result.status = .partial
            result.reason = reason
            result.message = message
            result.nextOffset = ByteCount(cursor)
        case .refuse(let refusal):
            result.status = .skipped
            result.reason = refusal.reason
            result.message = refusal.message
        case .fail(let error):
            result.status = .failed
            result.reason = .ioError
            result.message =
                "'\(path)' near offset \(cursor): \(error); the contents are unchanged: check the device and the kernel's log"
            result.nextOffset = ByteCount(cursor)
        }
    }

    private mutating func conclude(_ file: borrowing XFS.File, _ result: inout DefragResult) {
        if !isDryRun {
            result.bytes = .init(rewritten: ByteCount(rewritten), unshared: ByteCount(unshared))
            if rewritten > 0, let after = try? countExtents(file) { result.extents.after = after }
        }
        if let status = try? file.status() { size = status.size }
        result.size = ByteCount(size)
        if let space = try? file.space() {
            lowestFree = min(lowestFree, space.available)
            result.freeBytes.after = ByteCount(space.available)
        }
        result.freeBytes.lowest = ByteCount(lowestFree)
        result.pause = histogram.statistics
        result.seconds = (ContinuousClock.now - started).inSeconds
    }

    private mutating func work(
        on file: borrowing XFS.File, decide: (DefragProgress) -> Directive
    ) throws(Halt) {
        let plan = try nextWindow(of: file, decide: decide)
        guard !isDryRun else { return try add(plan, on: file, decide: decide) }
        guard !plan.runs.isEmpty else { return }
        let inode = try halting { () throws(SystemError) in try file.status().inode }
        let uuid = try halting { () throws(SystemError) in try file.geometry().uuid }
        let claim = try Run.claim("reflow/\(uuid)/\(inode)")
        var scratch = try Run.scratch(beside: file, blockSize: blockSize)
        var next = plan
        while !next.runs.isEmpty {
            try lay(next, of: file, scratch: &scratch, decide: decide)
            next = try nextWindow(of: file, decide: decide)
        }
        _ = claim
    }

    /// Counts what would be done, from `plan` on.
    private mutating func add(
        _ plan: WindowPlan, on file: borrowing XFS.File, decide: (DefragProgress) -> Directive
    ) throws(Halt) {
        var plan = plan
        while !plan.runs.isEmpty {
            rewritten += plan.bytes
            unshared += plan.shared
            plannedExtents += plan.extents
            cursor = plan.next
            try ask(decide)
            plan = try nextWindow(of: file, decide: decide)
        }
    }

    /// Searches the map from the cursor on for the next window. Without runs, the end of the file was reached.
    private mutating func nextWindow(
        of file: borrowing XFS.File, decide: (DefragProgress) -> Directive
    ) throws(Halt) -> WindowPlan {
        size = try halting { () throws(SystemError) in try file.status().size }
        let end = (size + blockSize - 1) / blockSize * blockSize
        var planner = Planner(criteria: criteria, from: cursor, to: end)
        guard cursor < end else { return planner.finish() }
        var halt: Halt?
        let start = cursor
        try halting { () throws(SystemError) in
            try file.readMap(of: start..<end) { record in
                guard planner.add(record) else { return false }
                guard isQuestionDue else { return true }
                cursor = planner.position
                hasMoved = hasMoved || cursor > start
                do throws(Halt) { try ask(decide) } catch { halt = error }
                return halt == nil
            }
        }
        if let halt { throw halt }
        let plan = planner.finish()
        isOverBudget = isOverBudget || plan.isOverBudget
        if let first = plan.runs.first { cursor = first.lowerBound } else { cursor = plan.next }
        return plan
    }

    /// What the policy makes of the map, now.
    var criteria: Planner.Criteria {
        Planner.Criteria(
            target: policy.targetExtent.rawValue,
            window: max(blockSize, policy.window.rawValue / blockSize * blockSize),
            alignment: alignment, sharing: policy.sharing, budget: budget - unshared)
    }

    /// Takes the file for this run alone.
    private static func claim(_ name: String) throws(Halt) -> ExclusiveName {
        do throws(SystemError) { return try ExclusiveName(name) } catch {
            throw .refuse(
                error.errno == EADDRINUSE
                    ? Refusal(.busy, "another run is at work on the file: wait for it to end")
                    : Refusal(.ioError, "\(error)"))
        }
    }

    private static func scratch(beside file: borrowing XFS.File, blockSize: Int64) throws(Halt) -> Scratch {
        do throws(SystemError) { return try Scratch(beside: file, blockSize: blockSize) } catch {
            throw Halt(error)
        }
    }
}
