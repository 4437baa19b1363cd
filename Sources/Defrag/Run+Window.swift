import DefragTypes
import Glibc
import XFS

extension Run {
    /// Lays the runs of `plan` afresh, and again what is still worth it when the map is read again: what the guests'
    /// own copy-on-write had preallocated there, punctured, is used up by the first time, and what the file system
    /// put between our chunks for itself is out of the way the next time.
    ///
    /// Laying again never moves the cursor back: a run that is stopped meanwhile goes on with the next window.
    mutating func lay(
        _ plan: WindowPlan, of file: borrowing XFS.File, scratch: inout Scratch,
        decide: (DefragProgress) -> Directive
    ) throws(Halt) {
        guard let start = plan.runs.first?.lowerBound else { return }
        try pass(of: file, scratch: &scratch) { run, scratch throws(Halt) in
            try run.checkSpace(for: plan.bytes, of: file)
            try run.rest(decide)
            for range in plan.runs { try run.readAhead(range, of: file, decide) }
            for range in plan.runs {
                try run.lay(range, of: file, scratch: &scratch, decide) { run, position in
                    run.cursor = position
                }
            }
        }
        cursor = plan.next
        var remaining = try planAgain(start..<plan.next, of: file)
        for attempt in 1...Repetition.most where repetition.isWorthwhile(remaining, attempt: attempt) {
            let before = remaining
            try pass(of: file, scratch: &scratch) { run, scratch throws(Halt) in
                try run.checkSpace(for: before.bytes, of: file)
                for range in before.runs {
                    try run.lay(range, of: file, scratch: &scratch, decide) { _, _ in }
                }
            }
            remaining = try planAgain(start..<plan.next, of: file)
            repetition.learn(before: before, after: remaining)
        }
    }

    /// What is still worth laying in a window that was laid.
    private func planAgain(_ window: Range<Int64>, of file: borrowing XFS.File) throws(Halt) -> WindowPlan {
        var planner = Planner(criteria: criteria, from: window.lowerBound, to: window.upperBound)
        try halting { () throws(SystemError) in try file.readMap(of: window) { planner.add($0) } }
        return planner.finish()
    }

    /// Does `work`; however it ends, what was laid is durable and the scratch file is empty afterwards.
    private mutating func pass(
        of file: borrowing XFS.File, scratch: inout Scratch,
        _ work: (inout Run, inout Scratch) throws(Halt) -> Void
    ) throws(Halt) {
        var halt: Halt?
        do throws(Halt) { try work(&self, &scratch) } catch { halt = error }
        do throws(SystemError) { try file.synchronizeData() } catch { halt = .fail(error) }
        do throws(SystemError) { try scratch.release() } catch { halt = .fail(error) }
        if let halt { throw halt }
    }

    private mutating func readAhead(
        _ range: Range<Int64>, of file: borrowing XFS.File, _ decide: (DefragProgress) -> Directive
    ) throws(Halt) {
        var halt: Halt?
        ReadAhead.read(range, of: file) {
            guard isQuestionDue else { return true }
            do throws(Halt) { try ask(decide) } catch { halt = error }
            return halt == nil
        }
        if let halt { throw halt }
    }

    /// Lays what is written in `range` afresh, chunk by chunk; says after each how far it is.
    private mutating func lay(
        _ range: Range<Int64>, of file: borrowing XFS.File, scratch: inout Scratch,
        _ decide: (DefragProgress) -> Directive, moved: (inout Run, Int64) -> Void
    ) throws(Halt) {
        var position = range.lowerBound
        var retries = 0
        moved(&self, position)
        while position < range.upperBound {
            if sinceRest > 0 { try rest(decide) }
            try ask(decide)
            guard let chunk = try nextChunk(of: file, in: position..<range.upperBound) else { break }
            if policy.sharing == .preserve && unshared + chunk.shared > budget {
                // A backup made since the window was planned.
                isOverBudget = true
            } else if try !lay(chunk, of: file, scratch: &scratch), retries < 3 {
                // The file's end is not where it was when the chunk was cut.
                retries += 1
                continue
            }
            retries = 0
            position = (chunk.range.upperBound + blockSize - 1) / blockSize * blockSize
            moved(&self, position)
            hasMoved = true
        }
        moved(&self, range.upperBound)
    }

    /// The next chunk, from a map read just now; `nil` if nothing is written in `range` any more.
    private mutating func nextChunk(
        of file: borrowing XFS.File, in range: Range<Int64>
    ) throws(Halt) -> Chunk? {
        size = try halting { () throws(SystemError) in try file.status().size }
        var cutter = ChunkCutter(limits: pauses.limits(for: policy), alignment: alignment)
        try halting { () throws(SystemError) in try file.readMap(of: range) { cutter.add($0) } }
        guard var chunk = cutter.finish(), chunk.range.lowerBound < size else { return nil }
        // A clone that ends within the last block must end at the file's end exactly.
        chunk.range = chunk.range.clamped(to: 0..<size)
        return chunk
    }

    private mutating func checkSpace(for bytes: Int64, of file: borrowing XFS.File) throws(Halt) {
        let space = try halting { () throws(SystemError) in try file.space() }
        lowestFree = min(lowestFree, space.available)
        let floor = policy.minFree.bytes(ofFileSystem: ByteCount(space.size))
        guard space.available - bytes < floor.rawValue else { return }
        throw .stop(
            .lowSpace,
            message:
                "free space (\(ByteCount(space.available))) would fall below \(floor): make room and go on")
    }
}
