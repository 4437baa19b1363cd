import DefragTypes
import XFS

/// What a run over a part of a file hands on to the next one, so that a slice costs what it does and not what the file is: what
/// only a walk over the whole map tells.
public struct SliceState: Hashable, Sendable {
    /// Where the next run begins; state of another place or file says nothing.
    private var position: Int64 = 0
    private var device: UInt64 = 0
    private var inode: UInt64 = 0
    /// Extents of the whole file: counted at the file's start, less what has been saved since.
    private(set) var extents = 0
    /// Bytes that may still be unshared, and which extents that is best spent for.
    private(set) var budget: Int64 = 0
    private(set) var allowance = UnshareAllowance.unlimited
    /// What the device cannot read, with at most ``mostUnreadable`` parts of it, in the order in which they were found.
    private(set) var unreadable: [Range<Int64>] = []
    private static let mostUnreadable = 64
    /// By which the map was judged.
    private var judgedBy = Judgement(Policy())

    private struct Judgement: Hashable {
        let target: ByteCount
        let sharing: Sharing
        let budget: ByteCount?

        init(_ policy: Policy) {
            (target, sharing, budget) = (policy.targetExtent, policy.sharing, policy.unshareBudget)
        }
    }

    /// Nothing is known of the file.
    init() {}

    /// Counted on `work`, whose free space is `space`, for a run from `position` on.
    init(
        of work: borrowing WorkFile, from position: Int64, extents: Int, census: consuming SharingCensus?,
        policy: Policy, space: Space
    ) {
        let floor = policy.minFree.bytes(ofFileSystem: ByteCount(space.size)).rawValue
        budget = policy.unshareBudget?.rawValue ?? max(0, space.available - floor) / 4
        if var census { allowance = census.finish(budget: budget) }
        self.position = position
        self.extents = extents
        (device, inode) = (work.device, work.inode)
        judgedBy = Judgement(policy)
    }

    /// Whether it is of `work`, for a run from `start` on under `policy`.
    func isValid(for work: borrowing WorkFile, from start: Int64, policy: Policy) -> Bool {
        (device, inode, position) == (work.device, work.inode, start) && judgedBy == Judgement(policy)
    }

    /// The state after a run that has come to `position` and has unshared `unshared` bytes.
    func handedOn(at position: Int64, unshared: Int64) -> SliceState {
        var state = self
        state.position = position
        state.budget = max(0, budget - unshared)
        return state
    }

    /// Notes that the device cannot read `range`.
    mutating func skipUnreadable(_ range: Range<Int64>) {
        guard !unreadable.contains(where: { $0.overlaps(range) }) else { return }
        if unreadable.count < Self.mostUnreadable { unreadable.append(range) }
    }

    /// Of `plan`, `bytes` are rewritten and are now in `pieces`: of the plan's extents, it takes that many to be replaced.
    mutating func replace(_ bytes: Int64, of plan: WindowPlan, with pieces: Int) {
        guard plan.bytes > 0 else { return }
        let share = Double(min(bytes, plan.bytes)) / Double(plan.bytes)
        extents = max(pieces, extents - Int((Double(plan.extents) * share).rounded()) + pieces)
    }
}
