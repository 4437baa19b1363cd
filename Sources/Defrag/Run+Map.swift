import DefragTypes
import XFS

extension Run {
    /// Learns what only the whole map tells, unless that is known.
    mutating func takeStock(_ known: SliceState?) throws {
        let policy = pace.policy
        let known = known?.inode == work.inode ? known : nil
        let budget = try Budget(
            granted: policy.unshareBudget?.rawValue, known: known,
            record: job.flatMap { JobRecord.recorded(in: work.file, job: $0) }, isFirst: from == 0,
            usual: policy.usualBudget(work.file.space()))
        if let known, known.isValid(for: work, policy: policy) {
            state = known
            state.take(budget)
        } else {
            var counter = ExtentCounter()
            var changes = StateChangeCounter()
            var census =
                policy.sharing == .preserve
                ? SharingCensus(
                    target: policy.targetExtent.rawValue, blockSize: work.blockSize, size: work.size) : nil
            work.seek(0..<Int64.max)
            while let record = try nextRecord() {
                counter.add(record)
                changes.add(record)
                if record.offset >= from { census?.add(record) }
            }
            hasCounted = true
            account.preallocationChanges = changes.count
            state = SliceState(of: work, extents: counter.count, census: census, policy: policy, budget)
            state.unreadable = known?.unreadable ?? []
        }
        work.unreadable = state.unreadableRanges
        account.inode = work.inode
        account.budget = budget.left
        account.extents = .init(before: state.extents, after: state.extents)
        // It was no work that a guest could feel.
        pace.waited()
    }

    /// At the end of the file the extents are counted, unless the run is asked to stop.
    mutating func takeFinalFigures(isAtEnd: Bool) {
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
        var changes = StateChangeCounter()
        work.seek(0..<Int64.max)
        while let record = try work.next() {
            counter.add(record)
            changes.add(record)
            if pace.isQuestionDue { try obey() }
        }
        account.preallocationChanges = changes.count
        return counter.count
    }

    /// The next record of a walk over the map, which can be stopped at each.
    mutating func nextRecord() throws -> Extent? {
        if pace.isQuestionDue { try ask() }
        return try work.next()
    }
}
