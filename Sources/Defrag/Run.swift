import DefragTypes
import Glibc
import XFS

/// One run over one file: the loop over its windows, and its account.
struct Run {
    let timeLimit: Duration?
    let isDryRun: Bool
    var policy: Policy
    var pauses: PauseController

    /// Where it begins; everything before ``cursor`` is done.
    let from: Int64
    var cursor: Int64
    var size: Int64 = 0
    var blockSize: Int64 = 4096
    /// Unit of the file's copy-on-write allocations.
    var alignment: Int64 = 131_072
    /// What may be unshared, in bytes, and which extents that is best spent for.
    var budget: Int64 = 0
    var allowance = UnshareAllowance.unlimited
    var isOverBudget = false
    /// Whether laying a window again has paid, and whether laying windows has.
    var repetition = Repetition()
    var gain = GainWatch()
    /// Bytes that were worth laying and were passed over, as windows like theirs did not gain.
    var passedOver: Int64 = 0
    /// Pages in memory that only this run has read.
    var pages: [Range<Int64>] = []
    /// Blocks that are shared with nobody but the run's ``Pin``.
    var pinned: [Int64] = []
    /// Whether nothing may be unshared that could be the file's last shared extent.
    var needsPin = KernelRelease.current.losesDataWhenUnsharing
    var isUnpinned = false
    var notes: [DefragResult.Note] = []

    var rewritten: Int64 = 0
    var unshared: Int64 = 0
    /// In a dry run, what would be laid.
    var planned = (runs: 0, extents: 0, saved: 0)
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
    var sinceFlush: Int64 = 0
    var hasMoved = false
    /// What a window has taken at most.
    var longestWindow = Duration.zero

    init(policy: Policy, pauses: PauseController, from: Int64, timeLimit: Duration?, isDryRun: Bool) {
        self.policy = policy
        self.pauses = pauses
        self.from = max(0, from)
        self.cursor = self.from
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
            describeEnd(in: &result)
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
        // Guests have written in the file's own unit, whatever a run before has left as the hint. A chunk is at least
        // this long: a large hint must not make its lock long.
        let unit = max(32 * blockSize, attributes.cowAllocationUnit(blockSize: blockSize))
        alignment = min(1 << 20, unit)
        if attributes.extentSizeHint > 0 {
            notes.append(
                .init(
                    .extentSizeHint,
                    "it has an extsize hint of \(ByteCount(attributes.extentSizeHint)), which XFS heeds when it allocates: "
                        + "more extents remain. XFS takes the hint back only from an empty file"))
        }
        cursor = cursor / blockSize * blockSize
        lowestFree = space.available
        result.freeBytes.before = ByteCount(space.available)
        let floor = policy.minFree.bytes(ofFileSystem: ByteCount(space.size)).rawValue
        budget = policy.unshareBudget?.rawValue ?? max(0, space.available - floor) / 4
        result.extents.before = try takeStock(of: file)
        result.extents.after = result.extents.before
        began = .now
        lastRested = .now
    }

    /// Counts the file's extents, and finds in the same pass what the budget is best spent for.
    private mutating func takeStock(of file: borrowing XFS.File) throws(Halt) -> Int {
        var merger = ExtentMerger(rule: .neighbours)
        var extents = 0
        var census =
            policy.sharing == .preserve
            ? SharingCensus(target: policy.targetExtent.rawValue, blockSize: blockSize, size: size) : nil
        let start = cursor
        try readMap(of: 0..<Int64.max, of: file) { record in
            if merger.add(record) != nil { extents += 1 }
            if record.offset >= start { census?.add(record) }
            return true
        }
        if let finished = census?.finish(budget: budget) { allowance = finished }
        return extents + (merger.finish() == nil ? 0 : 1)
    }

    private mutating func work(
        on file: borrowing XFS.File, decide: (DefragProgress) -> Directive
    ) throws(Halt) {
        let plan = try nextWindow(of: file, decide: decide)
        guard !isDryRun else { return try add(plan, on: file, decide: decide) }
        let recorded = try? CowHint.recorded(in: file)
        guard !plan.runs.isEmpty || recorded != nil else { return }
        let claim = try claim(file)
        if !plan.runs.isEmpty { replaceHint(in: file) }
        var halt: Halt?
        do throws(Halt) { try layAll(from: plan, of: file, decide: decide) } catch { halt = error }
        restoreHint(in: file)
        _ = claim
        if let halt { throw halt }
    }

    /// Lays everything from `plan` on.
    private mutating func layAll(
        from plan: WindowPlan, of file: borrowing XFS.File, decide: (DefragProgress) -> Directive
    ) throws(Halt) {
        guard !plan.runs.isEmpty else { return }
        let size = blockSize
        let closer = try halting { () throws(SystemError) in try WindowCloser(of: file, blockSize: size) }
        let isVital = needsPin
        let pin = try halting { () throws(SystemError) in
            try Pin(beside: file, blockSize: size, isVital: isVital)
        }
        var halt: Halt?
        do throws(Halt) {
            var next = plan
            while !next.runs.isEmpty {
                switch policy.sharing == .unshare ? .lay : gain.advice(on: next) {
                case .lay where isTooLateForWindow: throw .stop(.timeLimit, message: nil)
                case .lay: try lay(next, of: file, closer: closer, pin: pin, decide: decide)
                case .leave:
                    passedOver += next.bytes
                    cursor = next.next
                case .stop: throw .noGain(after: GainWatch.patience)
                }
                next = try nextWindow(of: file, decide: decide)
            }
        } catch { halt = error }
        closer.close(dropping: pages)
        pages = []
        // That data could not be made durable is worse than any reason to stop; that a pin could not be given back is not.
        do throws(SystemError) { try closer.wait() } catch { halt = Halt(error) }
        do throws(Halt) { try unpin(file, pin, isAtEnd: halt == nil) } catch { halt = halt ?? error }
        if let halt { throw halt }
    }

    /// Whether another window may take longer than there is time for: one that is cut short is work done twice.
    private var isTooLateForWindow: Bool {
        guard let timeLimit, longestWindow > .zero else { return false }
        return ContinuousClock.now - began + longestWindow > timeLimit
    }

    /// Counts what would be done, from `plan` on.
    private mutating func add(
        _ plan: WindowPlan, on file: borrowing XFS.File, decide: (DefragProgress) -> Directive
    ) throws(Halt) {
        var plan = plan
        while !plan.runs.isEmpty {
            rewritten += plan.bytes
            unshared += plan.shared
            planned.extents += plan.extents
            planned.runs += plan.runs.count
            planned.saved += plan.extents - plan.runs.count - (plan.isCut ? 1 : 0)
            cursor = plan.next
            try ask(decide)
            plan = try nextWindow(of: file, decide: decide)
        }
    }

    /// Searches the map from the cursor on for the next window. Without runs, the end of the file was reached.
    private mutating func nextWindow(
        of file: borrowing XFS.File, decide: (DefragProgress) -> Directive
    ) throws(Halt) -> WindowPlan {
        let status = try halting { () throws(SystemError) in try file.status() }
        guard status.links > 0 else {
            throw .stop(
                .notFound,
                message: "it was deleted in mid-run: what only open descriptors keep is not worth it")
        }
        size = status.size
        let end = (size + blockSize - 1) / blockSize * blockSize
        var planner = Planner(criteria: criteria, from: cursor, to: end)
        guard cursor < end else { return planner.finish() }
        var halt: Halt?
        let start = cursor
        let pinned = pinned
        try halting { () throws(SystemError) in
            try file.readMap(of: start..<end) { record in
                guard planner.add(record.apart(from: pinned, blockSize: blockSize)) else { return false }
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
            window: max(blockSize, window / blockSize * blockSize),
            alignment: alignment, sharing: policy.sharing, budget: budget - unshared, allowance: allowance)
    }

    /// Bytes of a window: with a rate and a time limit, no more than can be laid, and laid again, well within that time.
    /// Where that time turns out to be too short for it, it ends early.
    private var window: Int64 {
        guard let timeLimit, let rate = policy.rate else { return policy.window.rawValue }
        let affordable = Double(rate.rawValue) * timeLimit.inSeconds / Double(Self.windowsInTime)
        return min(policy.window.rawValue, Int64(max(affordable, Double(Self.leastWindow))))
    }

    /// How many windows there should be time for, the last of which may be too late.
    static let windowsInTime = 5

    /// Smaller windows are no more than a chunk.
    private static let leastWindow: Int64 = 1 << 20
}
