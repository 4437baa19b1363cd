import DefragTypes
import XFS

extension Run {
    /// Rewrites the stretches of `plan`, and again what is still worth it when the map is read again: the first pass uses
    /// up what the guests' own copy-on-write had preallocated there, in pieces; and what the file system put between
    /// our chunks for itself is out of the way in the second.
    ///
    /// A run that is stopped in between leaves the window to the next run, which rewrites only what is still worth it. If it
    /// is the run's first window, the position stays where it was, so that every run makes progress. So that a time limit
    /// seldom stops a run there, a window ends early if its first pass has used up its part of the time.
    /// The window before is closed meanwhile; this one is closed by the next call.
    mutating func rewrite(_ plan: WindowPlan, in workspace: inout Workspace) throws {
        let (start, began, chunks) = (account.position, ContinuousClock.now, account.chunks)
        do {
            try readAhead(plan, in: &workspace)
            let isWhole = try rewriteOnce(plan, in: &workspace)
            let extents = try rewriteAgain(start..<account.position, of: plan, in: &workspace)
            state.replace(plan.bytes(before: account.position), of: plan, with: extents)
            if isWhole { gain.learn(plan, extents: extents) }
        } catch {
            // Each chunk has become an extent, at the least.
            state.replace(plan.bytes(before: account.position), of: plan, with: account.chunks - chunks)
            if case Halt.stop = error, start > from { account.position = start }
            throw error
        }
        pace.learnWindow(since: began)
    }

    /// Brings the window into memory while the one before is closed.
    private mutating func readAhead(_ plan: WindowPlan, in workspace: inout Workspace) throws {
        var stretches = plan.stretches[...]
        // The map is read before closing begins, which takes the same locks of the file system's free-space trees.
        var parts = try mappedParts(of: &stretches)
        if pace.isWaitDue { try wait() }
        workspace.close(before: account.position)
        while !parts.isEmpty {
            for (range, map) in parts { try readAhead(range, map, in: &workspace) }
            parts = try mappedParts(of: &stretches)
        }
        try workspace.waitForClosing()
        try checkSpace(for: plan.bytes)
        // Reading is work, too: the pace counts it before the time of the chunks begins.
        try wait()
    }

    /// Most records of the map that are in memory at once: all of a window of the usual size.
    private static let mostRecords = 16384

    /// Takes what is next off `stretches`, with its map; nothing at their end.
    private mutating func mappedParts(
        of stretches: inout ArraySlice<Range<Int64>>
    ) throws -> [(Range<Int64>, [Extent])] {
        var parts: [(Range<Int64>, [Extent])] = []
        var room = Self.mostRecords
        while room > 0, let range = stretches.popFirst() {
            var map: [Extent] = []
            work.seek(range)
            while map.count < room, let record = try nextRecord() { map.append(record) }
            room -= map.count
            let end = room > 0 ? range.upperBound : min(map[map.count - 1].end, range.upperBound)
            parts.append((range.lowerBound..<end, map))
            if end < range.upperBound { stretches = [end..<range.upperBound] + stretches }
        }
        return parts
    }

    private mutating func readAhead(
        _ range: Range<Int64>, _ map: [Extent], in workspace: inout Workspace
    ) throws {
        guard var reading = ReadAhead(range, map: map, of: work.file) else { return }
        workspace.pages += reading.absent
        while true {
            let (isUnderWay, sample) = reading.advance(depth: pace.depth.depth)
            guard isUnderWay else { return }
            if let sample {
                account.add(
                    .read, at: sample.offset, took: sample.latency, aim: pace.policy.maxPause)
                pace.learn(sample)
            }
            if pace.isRestDue {
                try wait()
                reading.lookedAway()
            }
            if pace.isQuestionDue { try ask() }
        }
    }

    /// Rewrites the stretches of `plan`, as many of them as there is time for; true if there was for all.
    private mutating func rewriteOnce(_ plan: WindowPlan, in workspace: inout Workspace) throws -> Bool {
        let end = pace.windowEnd
        for range in plan.stretches {
            try rewrite(range, in: &workspace, isFirst: true, until: end)
            if isPast(end) { break }
        }
        let isWhole = account.position == plan.stretches.last?.upperBound
        if isWhole { account.position = plan.next }
        return isWhole
    }

    /// Rewrites what is still worth it in `window`, of which the stretches of `plan` were rewritten.
    ///
    /// - Returns: how many extents those are in now.
    private mutating func rewriteAgain(
        _ window: Range<Int64>, of plan: WindowPlan, in workspace: inout Workspace
    ) throws -> Int {
        var remainder = try remainder(of: window, stretches: plan.stretches)
        for attempt in 1...Repetition.most
        where repetition.isWorthwhile(remainder.plan, attempt: attempt) {
            let before = remainder.plan
            // The old blocks may be the contiguous space that is needed.
            try workspace.closeNow()
            try checkSpace(for: before.bytes)
            for range in before.stretches { try rewrite(range, in: &workspace, isFirst: false) }
            remainder = try self.remainder(of: window, stretches: plan.stretches)
            repetition.learn(before: before, after: remainder.plan)
        }
        return remainder.extents
    }

    /// A window that was rewritten: what is still worth rewriting in it, and how many extents `stretches` are in.
    private mutating func remainder(
        of window: Range<Int64>, stretches: [Range<Int64>]
    ) throws -> (plan: WindowPlan, extents: Int) {
        var planner = Planner(criteria: criteria, from: window.lowerBound, to: window.upperBound)
        var merger = ExtentMerger(rule: .sameState)
        var extents = 0
        var remaining = stretches[...]
        func count(_ extent: Extent?) {
            guard let extent, extent.state == .written else { return }
            while let next = remaining.first, next.upperBound <= extent.offset { remaining.removeFirst() }
            if let next = remaining.first, next.lowerBound < extent.end { extents += 1 }
        }
        work.seek(window)
        while let record = try nextRecord() {
            count(merger.add(record))
            _ = planner.add(record)
        }
        count(merger.finish())
        return (planner.finish(), extents)
    }

    /// Stops where `bytes` more would leave less free space than must stay.
    mutating func checkSpace(for bytes: Int64) throws {
        let space = try work.file.space()
        account.add(space)
        let floor = pace.policy.minFree.bytes(ofFileSystem: ByteCount(space.size))
        guard space.available - bytes < floor.rawValue else { return }
        let (sum, isTooMuch) = floor.rawValue.addingReportingOverflow(bytes)
        let wanted = ByteCount((isTooMuch ? .max : sum) - space.available)
        throw Halt.stop(
            .lowSpace,
            message:
                "free space (\(ByteCount(space.available))) \(space.available < floor.rawValue ? "is" : "would fall") below the "
                + "\(floor) that is to stay free (minFree): make room for \(wanted) and go on")
    }

    func isPast(_ time: ContinuousClock.Instant?) -> Bool { time.map { .now >= $0 } ?? false }
}
