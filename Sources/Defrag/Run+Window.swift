import DefragTypes
import Glibc
import XFS

extension Run {
    /// Rewrites the stretches of `plan`, and again what is still worth it when the map is read again: the first pass uses
    /// up what the guests' own copy-on-write had preallocated there, in pieces; and what the file system put between
    /// our chunks for itself is out of the way in the second.
    ///
    /// A run that is stopped in between leaves the window to the next run, which rewrites only what is still worth it. If it
    /// is the run's first window, the cursor stays where it was, so that every run makes progress. So that a time limit
    /// seldom stops a run there, a window ends early if its first pass has used up its part of the time.
    /// The window before is closed meanwhile; this one is closed by the next call.
    mutating func rewrite(
        _ plan: WindowPlan, of file: borrowing XFS.File, closer: WindowCloser, pin: borrowing Pin,
        decide: (DefragProgress) -> Directive
    ) throws {
        let start = cursor
        let windowBegan = ContinuousClock.now
        do { try rewriteWhole(plan, of: file, closer: closer, pin: pin, decide: decide) } catch {
            if case Halt.stop = error, start > from { cursor = start }
            throw error
        }
        longestWindow = max(longestWindow, .now - windowBegan)
    }

    private mutating func rewriteWhole(
        _ plan: WindowPlan, of file: borrowing XFS.File, closer: WindowCloser, pin: borrowing Pin,
        decide: (DefragProgress) -> Directive
    ) throws {
        guard let start = plan.stretches.first?.lowerBound else { return }
        // The map is read before closing begins, which takes the same locks of the file system's free-space trees.
        var reads: [ReadAhead] = []
        for range in plan.stretches { reads.append(try readAhead(of: range, file)) }
        if unpaced > 0 { try pace(decide) }
        // Where the window before has ended early, some of what it has read is this one's.
        closer.close(dropping: pages.map { $0.clamped(to: 0..<start) }.filter { !$0.isEmpty })
        pages = pages.map { $0.clamped(to: start..<Int64.max) }.filter { !$0.isEmpty }
        for read in reads { try carryOut(read, from: file, decide) }
        try closer.wait()
        try checkSpace(for: plan.bytes, of: file)
        // Reading is work, too: the pace counts it before the time of the chunks begins.
        try pace(decide)
        let end = timeLimit.map { ContinuousClock.now + $0 / Self.windowsInTime }
        for range in plan.stretches {
            try rewrite(range, of: file, closer: closer, pin: pin, until: end, decide) { run, position in
                run.cursor = position
            }
            if isPast(end) { break }
        }
        let isWhole = cursor == plan.stretches.last?.upperBound
        if isWhole { cursor = plan.next }
        let window = start..<cursor
        var remaining = try layout(of: window, in: plan.stretches, of: file)
        for attempt in 1...Repetition.most
        where repetition.isWorthwhile(remaining.plan, attempt: attempt) {
            let before = remaining.plan
            // The old blocks may be the contiguous space that is needed.
            closer.close(dropping: [])
            try closer.wait()
            try checkSpace(for: before.bytes, of: file)
            for range in before.stretches {
                try rewrite(range, of: file, closer: closer, pin: pin, decide) { _, _ in }
            }
            remaining = try layout(of: window, in: plan.stretches, of: file)
            repetition.learn(before: before, after: remaining.plan)
        }
        if isWhole { gain.learn(plan, extents: remaining.extents) }
    }

    private func isPast(_ time: ContinuousClock.Instant?) -> Bool { time.map { .now >= $0 } ?? false }

    /// A window that was rewritten: what is still worth rewriting in it, and how many extents `stretches` are in.
    private mutating func layout(
        of window: Range<Int64>, in stretches: [Range<Int64>], of file: borrowing XFS.File
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
        map.seek(to: window)
        while let record = try nextRecord(of: file) {
            count(merger.add(record))
            _ = planner.add(record)
        }
        count(merger.finish())
        return (planner.finish(), extents)
    }

    private mutating func readAhead(of range: Range<Int64>, _ file: borrowing XFS.File) throws -> ReadAhead {
        var extents: [Extent] = []
        map.seek(to: range)
        while let record = try nextRecord(of: file) { extents.append(record) }
        return ReadAhead(range, map: extents)
    }

    private mutating func carryOut(
        _ read: ReadAhead, from file: borrowing XFS.File, _ decide: (DefragProgress) -> Directive
    ) throws {
        var absent: [Range<Int64>] = []
        defer { pages += absent }
        try read.read(from: file, absent: &absent) { try askIfDue(decide) }
    }

    /// Rewrites what is written in `range`, chunk by chunk, or as much of it as there is time for; calls `moved` after each
    /// with its position.
    private mutating func rewrite(
        _ range: Range<Int64>, of file: borrowing XFS.File, closer: WindowCloser, pin: borrowing Pin,
        until time: ContinuousClock.Instant? = nil, _ decide: (DefragProgress) -> Directive,
        moved: (inout Run, Int64) -> Void
    ) throws {
        var position = range.lowerBound
        var retries = 0
        moved(&self, position)
        while position < range.upperBound {
            if unpaced > 0 { try pace(decide) }
            try ask(decide)
            for pause in pin.renew(in: file, size: size, blockSize: blockSize) {
                histogram.record(pause, aim: policy.maxPause)
            }
            pinned = pin.ours
            let remainder = position..<range.upperBound
            guard let chunk = try nextChunk(of: file, in: remainder, pin: pin) else { break }
            if policy.sharing == .preserve && unshared + chunk.shared > budget {
                // A backup made since the window was planned.
                isOverBudget = true
            } else if needsPin && !pin.holds(outside: chunk.range) {
                isUnpinned = true
            } else {
                let outcome = try rewrite(chunk, of: file, closer: closer, pin: pin)
                if outcome != .rewritten, retries < 3 {
                    retries += 1
                    continue
                }
                isUnpinned = isUnpinned || outcome == .unpinned
            }
            retries = 0
            position = (chunk.range.upperBound + blockSize - 1) / blockSize * blockSize
            moved(&self, position)
            hasMoved = true
            if isPast(time) { return }
        }
        moved(&self, range.upperBound)
    }

    /// The next chunk, from a map read just now; `nil` if nothing is written in `range` any more. Where data depend on the
    /// pin, it ends where half of the pinned blocks are still outside.
    private mutating func nextChunk(
        of file: borrowing XFS.File, in range: Range<Int64>, pin: borrowing Pin
    ) throws -> Chunk? {
        let chunk = try nextChunk(of: file, in: range)
        guard needsPin, let chunk, !pin.holds(outside: chunk.range),
            let boundary = pin.boundary(in: chunk.range)
        else { return chunk }
        return try nextChunk(of: file, in: range.lowerBound..<boundary)
    }

    /// The next chunk, from a map read just now; `nil` if nothing is written in `range` any more.
    private mutating func nextChunk(
        of file: borrowing XFS.File, in range: Range<Int64>
    ) throws -> Chunk? {
        size = try file.status().size
        var cutter = ChunkCutter(limits: pauses.limits(for: policy), alignment: alignment)
        map.seek(to: range, batch: pauses.limits(for: policy).extents)
        while let record = try nextRecord(of: file), cutter.add(record) {}
        guard var chunk = cutter.finish(), chunk.range.lowerBound < size else { return nil }
        // A clone that ends within the last block must end at the file's end exactly.
        chunk.range = chunk.range.clamped(to: 0..<size)
        chunk.shared = min(chunk.shared, chunk.length)
        return chunk
    }

    private mutating func checkSpace(for bytes: Int64, of file: borrowing XFS.File) throws {
        let space = try file.space()
        lowestFree = min(lowestFree, space.available)
        let floor = policy.minFree.bytes(ofFileSystem: ByteCount(space.size))
        guard space.available - bytes < floor.rawValue else { return }
        let wanted = ByteCount(floor.rawValue + bytes - space.available)
        throw Halt.stop(
            .lowSpace,
            message:
                "free space (\(ByteCount(space.available))) \(space.available < floor.rawValue ? "is" : "would fall") below the "
                + "\(floor) that is to stay free (minFree): make room for \(wanted) and go on")
    }
}
