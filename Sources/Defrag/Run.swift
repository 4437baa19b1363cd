import DefragTypes
import Glibc
import XFS

/// One run over one file: the loop over its windows, and the account of what it did.
struct Run: ~Copyable {
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
    /// Whether rewriting a window again has paid, and whether rewriting windows has.
    var repetition = Repetition()
    var gain = GainWatch()
    /// Bytes that were worth rewriting and were skipped, as windows like theirs did not gain.
    var skipped: Int64 = 0
    /// Pages in memory that only this run has read.
    var pages: [Range<Int64>] = []
    var map = MapCursor()
    /// Blocks that only the run's ``Pin`` shares.
    var pinned: [Int64] = []
    /// Whether the file's last shared extent must not be unshared.
    var needsPin = KernelRelease.current.losesDataWhenUnsharing
    var isUnpinned = false
    var notes: [DefragResult.Note] = []

    var rewritten: Int64 = 0
    var unshared: Int64 = 0
    /// In a dry run, what would be rewritten.
    var planned = (stretches: 0, extents: 0, saved: 0)
    var histogram = PauseHistogram()
    var lastChunk: Int64 = 0
    var lastPause = Duration.zero
    var lowestFree = Int64.max

    let started = ContinuousClock.now
    /// When the rewriting began: the time limit counts from here.
    var began = ContinuousClock.now
    var lastAsked = ContinuousClock.now
    /// When the last wait for the pace ended, and the bytes rewritten since.
    var lastPaced = ContinuousClock.now
    var unpaced: Int64 = 0
    var sinceFlush: Int64 = 0
    var hasMoved = false
    /// The longest time of a window.
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
        do {
            try prepare(file, &result)
            try work(on: file, decide: decide)
            describeEnd(in: &result)
        } catch {
            report(Halt(error), in: &result, path: path)
        }
        conclude(file, &result)
        return result
    }

    private mutating func prepare(_ file: borrowing XFS.File, _ result: inout DefragResult) throws {
        let status = try file.status()
        let space = try file.space()
        result.inode = status.inode
        size = status.size
        blockSize = try file.geometry().blockSize
        let attributes = try file.attributes()
        // Guests have written in the file's own unit, even if an earlier run left its hint. A chunk is at least this
        // long: a large hint must not make its lock long.
        let unit = max(32 * blockSize, attributes.cowAllocationUnit(blockSize: blockSize))
        alignment = min(1 << 20, unit)
        if attributes.extentSizeHint > 0 {
            notes.append(
                .init(
                    .extentSizeHint,
                    "it has an extsize hint of \(ByteCount(attributes.extentSizeHint)), which XFS obeys when it allocates: "
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
        lastPaced = .now
    }

    /// Counts the file's extents, and finds in the same pass what the budget is best spent for.
    private mutating func takeStock(of file: borrowing XFS.File) throws -> Int {
        var counter = ExtentCounter()
        var census =
            policy.sharing == .preserve
            ? SharingCensus(target: policy.targetExtent.rawValue, blockSize: blockSize, size: size) : nil
        let start = cursor
        map.seek(to: 0..<Int64.max)
        while let record = try nextRecord(of: file) {
            counter.add(record)
            if record.offset >= start { census?.add(record) }
        }
        if let finished = census?.finish(budget: budget) { allowance = finished }
        return counter.count
    }

    private mutating func work(
        on file: borrowing XFS.File, decide: (DefragProgress) -> Directive
    ) throws {
        let plan = try nextWindow(of: file, decide: decide)
        guard !isDryRun else { return try add(plan, on: file, decide: decide) }
        let recorded = try? CowHint.recorded(in: file)
        guard !plan.stretches.isEmpty || recorded != nil else { return }
        let claim = try claim(file)
        if !plan.stretches.isEmpty { replaceHint(in: file) }
        var halt: (any Error)?
        do { try rewriteAll(from: plan, of: file, decide: decide) } catch { halt = error }
        restoreHint(in: file)
        _ = claim
        if let halt { throw halt }
    }

    /// Rewrites everything from `plan` on.
    private mutating func rewriteAll(
        from plan: WindowPlan, of file: borrowing XFS.File, decide: (DefragProgress) -> Directive
    ) throws {
        guard !plan.stretches.isEmpty else { return }
        let size = blockSize
        let closer = try WindowCloser(of: file, blockSize: size)
        let isVital = needsPin
        let pin = try Pin(beside: file, blockSize: size, isVital: isVital)
        var halt: (any Error)?
        do {
            var next = plan
            while !next.stretches.isEmpty {
                switch policy.sharing == .unshare ? .rewrite : gain.advice(on: next) {
                case .rewrite where isTooLateForWindow: throw Halt.stop(.timeLimit, message: nil)
                case .rewrite: try rewrite(next, of: file, closer: closer, pin: pin, decide: decide)
                case .skip:
                    skipped += next.bytes
                    cursor = next.next
                case .stop: throw Halt.noGain(after: GainWatch.patience)
                }
                next = try nextWindow(of: file, decide: decide)
            }
        } catch { halt = error }
        closer.close(dropping: pages)
        pages = []
        // A failure to make data durable outweighs any reason to stop; a pin that could not be released does not.
        do { try closer.wait() } catch { halt = error }
        do { try unpin(file, pin, isAtEnd: halt == nil) } catch { halt = halt ?? error }
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
    ) throws {
        var plan = plan
        while !plan.stretches.isEmpty {
            rewritten += plan.bytes
            unshared += plan.shared
            planned.extents += plan.extents
            planned.stretches += plan.stretches.count
            planned.saved += plan.extents - plan.stretches.count - (plan.isCut ? 1 : 0)
            cursor = plan.next
            try ask(decide)
            plan = try nextWindow(of: file, decide: decide)
        }
    }

    /// Searches the map from the cursor on for the next window. Without stretches, the end of the file was reached.
    private mutating func nextWindow(
        of file: borrowing XFS.File, decide: (DefragProgress) -> Directive
    ) throws -> WindowPlan {
        let status = try file.status()
        guard status.links > 0 else {
            throw Halt.stop(
                .notFound,
                message:
                    "it was deleted during the run: what only open descriptors keep is not worth rewriting")
        }
        size = status.size
        let end = (size + blockSize - 1) / blockSize * blockSize
        var planner = Planner(criteria: criteria, from: cursor, to: end)
        guard cursor < end else { return planner.finish() }
        let start = cursor
        map.seek(to: start..<end)
        while let record = try nextRecord(of: file), planner.add(record) {
            guard isQuestionDue else { continue }
            cursor = planner.position
            hasMoved = hasMoved || cursor > start
            try ask(decide)
        }
        let plan = planner.finish()
        isOverBudget = isOverBudget || plan.isOverBudget
        if let first = plan.stretches.first { cursor = first.lowerBound } else { cursor = plan.next }
        return plan
    }

    /// What the policy wants of the map, now.
    var criteria: Planner.Criteria {
        Planner.Criteria(
            target: policy.targetExtent.rawValue,
            window: max(blockSize, window / blockSize * blockSize),
            alignment: alignment, sharing: policy.sharing, budget: budget - unshared, allowance: allowance)
    }

    /// Bytes of a window: with a rate and a time limit, no more than can be rewritten twice well within that time. It ends
    /// early where the time proves too short.
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
