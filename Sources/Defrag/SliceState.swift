import DefragTypes
import XFS

/// What a run knows of the file as a whole: what only a walk over the whole map tells, and what its windows have taught.
struct SliceState {
    /// Extents of the file before.
    let extents: Int
    /// Bytes that may be unshared, and which extents that is best spent for.
    let budget: Int64
    let allowance: UnshareAllowance
    /// Whether rewriting a window again has paid, and whether rewriting windows has.
    var repetition = Repetition()
    var gain = GainWatch()

    /// Walks over the whole map of `work`; what is before `start` costs nothing any more.
    init(of work: inout WorkFile, from start: Int64, policy: Policy, space: Space) throws(SystemError) {
        let floor = policy.minFree.bytes(ofFileSystem: ByteCount(space.size)).rawValue
        budget = policy.unshareBudget?.rawValue ?? max(0, space.available - floor) / 4
        var counter = ExtentCounter()
        var census =
            policy.sharing == .preserve
            ? SharingCensus(target: policy.targetExtent.rawValue, blockSize: work.blockSize, size: work.size)
            : nil
        work.seek(0..<Int64.max)
        while let record = try work.next() {
            counter.add(record)
            if record.offset >= start { census?.add(record) }
        }
        extents = counter.count
        allowance = census?.finish(budget: budget) ?? .unlimited
    }
}
