import DefragTypes
import XFS

/// What to rewrite in one window.
struct WindowPlan: Hashable {
    /// Stretches of written extents, in file order, block-aligned except for the file's end.
    var stretches: [Range<Int64>] = []
    /// Bytes in the stretches.
    var bytes: Int64 = 0
    /// Bytes in the stretches that other files share.
    var shared: Int64 = 0
    /// Extents in the stretches.
    var extents = 0
    /// Whether the last of these continues behind the window.
    var isCut = false
    /// Where the next window starts: everything before is in the stretches or is left alone.
    var next: Int64
    /// Whether shared extents were left alone only because the unshare budget is used up.
    var isOverBudget = false

    /// Bytes of the stretches that lie before `offset`.
    func bytes(before offset: Int64) -> Int64 {
        stretches.reduce(0) { $0 + max(0, min($1.upperBound, offset) - $1.lowerBound) }
    }

    /// Whether it is badly fragmented: its extents are below 512 KiB on average.
    var isBad: Bool { bytes < Int64(extents) * 512 << 10 }
}

/// Finds the next window in a map that is fed to it record by record, in file order, from the window's start on.
///
/// It selects stretches of written extents that follow each other in the file without a gap, each extent smaller than
/// the target. Holes, unwritten and delayed extents are never part of a stretch: an unshare would allocate the one and
/// must not lock for the others. An extent is judged by its whole length, also where it reaches beyond the window. A
/// stretch is left alone if it cannot become fewer extents, and if each extent saved would cost more than half a
/// target's bytes: another run over the file must find little to do. Where extents are shared, a stretch begins and
/// ends where the ``Appraiser`` finds it worthwhile at the price that the budget allows.
struct Planner {
    /// Everything that the selection depends on. Figures are bytes.
    struct Criteria: Hashable {
        /// A private extent at least this long is left alone; under `preserve`, a shared one too.
        var target: Int64
        /// Most bytes in a window.
        var window: Int64
        /// A full window ends at a multiple of this if it can: where a chunk should end.
        var alignment: Int64
        /// What to do with shared extents.
        var sharing: Sharing
        /// What may still be unshared; ignored when everything is to be.
        var budget: Int64
        /// What of the budget is for which extents.
        var allowance = UnshareAllowance.unlimited
    }

    /// Most stretches in a window: bounds its memory on a file of tiny islands.
    static let maxStretches = 4096

    private let criteria: Criteria
    private let rule: WorthRule
    private let start: Int64
    private let end: Int64
    private var merger: ExtentMerger
    private var plan: WindowPlan
    private var appraiser: Appraiser
    private var state = State.between
    private var previous = Neighbour()

    /// Where in the map the planner is.
    private enum State: Hashable {
        /// Behind what is left alone, or behind a stretch.
        case between
        /// In a stretch: of all extents that follow each other, and of those up to where it was last worthwhile.
        case within(Stretch, worthwhile: Stretch)
        /// Behind the window.
        case full
    }

    private struct Stretch: Hashable {
        var start: Int64 = 0
        var end: Int64 = 0
        var shared: Int64 = 0
        var extents = 0
        var length: Int64 { end - start }
    }

    /// The last extent that is small enough to be rewritten.
    private struct Neighbour {
        var start: Int64 = -1
        var end: Int64 = -1
        /// Whether the budget kept it out.
        var isRefused = false
    }

    /// A planner of the window that starts at `start`, in a file that ends at `end` (rounded up to a block).
    init(criteria: Criteria, from start: Int64, to end: Int64) {
        self.criteria = criteria
        self.start = start
        self.end = max(start, end)
        rule = WorthRule(target: criteria.target)
        merger = ExtentMerger(rule: criteria.sharing == .unshare ? .sameStateAndSharing : .sameState)
        plan = WindowPlan(next: start)
        appraiser = Appraiser(
            price: criteria.sharing == .unshare ? Appraiser.unlimited : criteria.allowance.generous)
    }

    /// Everything before is left alone, or is in the stretches found so far.
    var position: Int64 { plan.stretches.first?.lowerBound ?? plan.next }

    /// Takes the next record of the map. False when the window is complete and no more is needed.
    mutating func add(_ record: Extent) -> Bool {
        guard record.offset < end else { return false }
        if let extent = merger.add(record) { take(extent) }
        return state != .full
    }

    /// The window. Without stretches, there is nothing to do before its end, the file's.
    mutating func finish() -> WindowPlan {
        if let extent = merger.finish() { take(extent) }
        close()
        if state != .full { plan.next = end }
        return plan
    }

    // MARK: Transitions

    private mutating func take(_ extent: Extent) {
        let from = max(extent.offset, start)
        let to = min(extent.end, end)
        guard state != .full, from < to else { return }
        if case .within(let stretch, _) = state, from != stretch.end { close() }
        guard state != .full else { return }
        let isCandidate = isCandidate(extent)
        if !isCandidate || appraiser.isAtStart { close() }
        switch state {
        case .full: return
        case _ where !isCandidate: plan.next = to
        case .between: extend(Stretch(start: from, end: from), worthwhile: Stretch(), by: extent, to: to)
        case .within(let stretch, let worthwhile):
            extend(stretch, worthwhile: worthwhile, by: extent, to: to)
        }
    }

    /// Makes `extent` the last of `stretch`, as far as `end`.
    private mutating func extend(
        _ stretch: Stretch, worthwhile: Stretch, by extent: Extent, to end: Int64
    ) {
        var (stretch, worthwhile) = (stretch, worthwhile)
        let shared = min(extent.shared, end - stretch.end)
        stretch.end = end
        stretch.extents += 1
        stretch.shared += shared
        let isWorthIt = appraiser.add(shared: shared) == .settles
        if isWorthIt || criteria.sharing == .unshare { worthwhile = stretch }
        state = .within(stretch, worthwhile: worthwhile)
        if plan.bytes + stretch.length >= criteria.window { cut(stretch, worthwhile, in: extent) }
    }

    /// Ends the stretch where the window is full, which is in `last`.
    private mutating func cut(_ stretch: Stretch, _ worthwhile: Stretch, in last: Extent) {
        var worthwhile = worthwhile
        let isFirst = plan.bytes == 0
        var isCut = false
        if worthwhile.end == stretch.end {
            let limit = stretch.start + (criteria.window - plan.bytes)
            let aligned = limit / criteria.alignment * criteria.alignment
            let end = aligned > stretch.start ? aligned : limit
            isCut = end < last.end
            if last.shared == last.length { worthwhile.shared -= worthwhile.end - end }
            worthwhile.end = end
        }
        state = .within(worthwhile.extents > 0 ? worthwhile : stretch, worthwhile: worthwhile)
        if close() {
            plan.isCut = isCut
            state = .full
        } else if !isFirst {
            // Only the space left in this window was too small for it: it starts the next one.
            plan.next = stretch.start
            state = .full
        }
    }

    /// Ends the stretch, if any, where it was last worthwhile; true if it is to be rewritten.
    @discardableResult
    private mutating func close() -> Bool {
        guard case .within(let whole, let stretch) = state else { return false }
        state = .between
        appraiser.reset()
        plan.next = whole.end
        if appraiser.isLimited {
            lose(
                bytes: whole.end - max(whole.start, stretch.end),
                boundaries: whole.extents - max(1, stretch.extents))
        }
        guard stretch.extents > 0 else { return false }
        let mustUnshare = criteria.sharing == .unshare && stretch.shared > 0
        guard mustUnshare || rule.isWorthIt(extents: stretch.extents, bytes: stretch.length) else {
            return false
        }
        plan.stretches.append(stretch.start..<stretch.end)
        plan.bytes += stretch.length
        plan.shared += stretch.shared
        plan.extents += stretch.extents
        if plan.stretches.count >= Self.maxStretches { state = .full }
        return true
    }

    // MARK: Selection

    private mutating func isCandidate(_ extent: Extent) -> Bool {
        guard extent.state == .written else { return false }
        let isShared = extent.shared > 0
        if criteria.sharing == .unshare { return isShared || rule.isSmall(extent) }
        guard rule.isSmall(extent) else { return false }
        let isRefused = isShared && !isWithinBudget(extent)
        // It is a loss only where it has a neighbour to be joined with.
        let isSeparated = isRefused || previous.isRefused || (appraiser.isAtStart && appraiser.isLimited)
        if isSeparated, previous.end == extent.offset {
            lose(bytes: extent.end - previous.start, boundaries: 1)
        }
        previous = Neighbour(start: extent.offset, end: extent.end, isRefused: isRefused)
        return !isRefused
    }

    /// Whether the budget has room for `extent`. As soon as only the reserve is left, the strict price holds.
    private mutating func isWithinBudget(_ extent: Extent) -> Bool {
        let reserve = criteria.allowance.reserve(behind: extent.end)
        if appraiser.price != criteria.allowance.strict, sharedWith(extent) > criteria.budget - reserve {
            close()
            appraiser = Appraiser(price: criteria.allowance.strict)
        }
        return sharedWith(extent) <= criteria.budget
    }

    /// What the plan would unshare with `extent`.
    private func sharedWith(_ extent: Extent) -> Int64 {
        guard case .within(let stretch, let worthwhile) = state else { return plan.shared + extent.shared }
        return plan.shared + (appraiser.isAtStart ? worthwhile : stretch).shared + extent.shared
    }

    /// Extents of `bytes` are not joined because of what that would cost in space.
    private mutating func lose(bytes: Int64, boundaries: Int) {
        if rule.isWorth(bytes: bytes, saving: boundaries) { plan.isOverBudget = true }
    }
}
