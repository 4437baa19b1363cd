import DefragTypes
import XFS

extension Run {
    /// Learns what only the whole map tells, unless that is known.
    mutating func takeStock(_ known: SliceState?) throws {
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
}
