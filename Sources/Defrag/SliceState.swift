import DefragTypes
import XFS

extension SliceState {
    /// Counted on `work`.
    init(
        of work: borrowing WorkFile, extents: Int, census: consuming SharingCensus?, policy: Policy,
        _ budget: Budget
    ) {
        self.init()
        inode = work.inode
        self.extents = extents
        judgedBy = Self.judgement(policy)
        take(budget)
        if var census {
            let allowance = census.finish(budget: budget.left)
            self.allowance = allowance.isLimited ? allowance : nil
        }
    }

    /// Whether it is of `work`, and its prices of what is left of the budget under `policy`.
    func isValid(for work: borrowing WorkFile, policy: Policy) -> Bool {
        guard inode == work.inode, judgedBy == Self.judgement(policy) else { return false }
        return policy.sharing == .unshare
            || (policy.unshareBudget ?? unshareBudgetLeft) == unshareBudgetLeft
    }

    private static func judgement(_ policy: Policy) -> String {
        "\(policy.sharing.rawValue) \(policy.targetExtent.rawValue)"
    }

    mutating func take(_ budget: Budget) {
        unshareBudgetLeft = ByteCount(budget.left)
        unshared = ByteCount(budget.spent)
    }

    /// The state after a run that has unshared `bytes`.
    func handedOn(unshared bytes: Int64, costs: LockCosts) -> SliceState {
        var state = self
        state.unshareBudgetLeft = max(.zero, unshareBudgetLeft - ByteCount(bytes))
        state.unshared = unshared + ByteCount(bytes)
        state.costs = costs
        return state
    }

    /// Notes that the device cannot read `range`.
    mutating func skipUnreadable(_ range: Range<Int64>) {
        guard !unreadableRanges.contains(where: { $0.overlaps(range) }),
            unreadable.count < Self.mostUnreadable
        else { return }
        unreadable.append(ByteRange(from: ByteCount(range.lowerBound), to: ByteCount(range.upperBound)))
    }

    var unreadableRanges: [Range<Int64>] {
        unreadable.map { $0.from.rawValue..<max($0.from, $0.to).rawValue }
    }

    /// Of `plan`, `bytes` are rewritten and are now in `pieces`: of the plan's extents, it takes that many to be replaced.
    mutating func replace(_ bytes: Int64, of plan: WindowPlan, with pieces: Int) {
        guard plan.bytes > 0 else { return }
        let share = Double(min(bytes, plan.bytes)) / Double(plan.bytes)
        extents = max(pieces, extents - Int((Double(plan.extents) * share).rounded()) + pieces)
    }
}
