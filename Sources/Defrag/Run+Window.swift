import DefragTypes
import Glibc
import XFS

extension Run {
    /// Lays the runs of `plan` afresh. However it ends, what was laid is durable and the scratch file is empty
    /// afterwards.
    mutating func lay(
        _ plan: WindowPlan, of file: borrowing XFS.File, scratch: inout Scratch,
        decide: (DefragProgress) -> Directive
    ) throws(Halt) {
        var halt: Halt?
        do throws(Halt) {
            try checkSpace(for: plan.bytes, of: file)
            try rest(decide)
            for run in plan.runs {
                ReadAhead.read(run, of: file) {
                    guard isQuestionDue else { return true }
                    do throws(Halt) { try ask(decide) } catch { halt = error }
                    return halt == nil
                }
                if let halt { throw halt }
            }
            for run in plan.runs { try lay(run, of: file, scratch: &scratch, decide: decide) }
            cursor = plan.next
        } catch {
            halt = error
        }
        do throws(SystemError) { try file.synchronizeData() } catch { halt = .fail(error) }
        do throws(SystemError) { try scratch.release() } catch { halt = .fail(error) }
        if let halt { throw halt }
    }

    private mutating func lay(
        _ run: Range<Int64>, of file: borrowing XFS.File, scratch: inout Scratch,
        decide: (DefragProgress) -> Directive
    ) throws(Halt) {
        cursor = run.lowerBound
        var retries = 0
        while cursor < run.upperBound {
            if sinceRest > 0 { try rest(decide) }
            try ask(decide)
            guard let chunk = try nextChunk(of: file, in: cursor..<run.upperBound) else { break }
            if policy.sharing == .preserve && unshared + chunk.shared > budget {
                // A backup made since the window was planned.
                isOverBudget = true
            } else if try !lay(chunk, of: file, scratch: &scratch), retries < 3 {
                // The file's end is not where it was when the chunk was cut.
                retries += 1
                continue
            }
            retries = 0
            cursor = (chunk.range.upperBound + blockSize - 1) / blockSize * blockSize
            hasMoved = true
        }
        cursor = run.upperBound
    }

    /// The next chunk, from a map read just now; `nil` if nothing is written in `range` any more.
    private mutating func nextChunk(
        of file: borrowing XFS.File, in range: Range<Int64>
    ) throws(Halt) -> Chunk? {
        var limits = pauses.limits(for: policy)
        limits.bytes = max(blockSize, limits.bytes / blockSize * blockSize)
        size = try halting { () throws(SystemError) in try file.status().size }
        var cutter = ChunkCutter(limits: limits)
        try halting { () throws(SystemError) in try file.readMap(of: range) { cutter.add($0) } }
        guard var chunk = cutter.finish(), chunk.range.lowerBound < size else { return nil }
        // A clone that ends within the last block must end at the file's end exactly.
        chunk.range = chunk.range.clamped(to: 0..<size)
        return chunk
    }

    /// Lays `chunk` afresh, and once more if it is not contiguous then: what the guests' own copy-on-write had
    /// preallocated there, punctured, is used up by the first time. False if the file changed so much under us
    /// that the chunk does not exist any more.
    private mutating func lay(
        _ chunk: Chunk, of file: borrowing XFS.File, scratch: inout Scratch
    ) throws(Halt) -> Bool {
        lastPause = .zero
        guard try layOnce(chunk, of: file, scratch: &scratch) else { return false }
        unshared += chunk.shared
        let state = try inspect(chunk.range, of: file)
        let room = try halting { () throws(SystemError) in try file.space() }
        lowestFree = min(lowestFree, room.available)
        let floor = policy.minFree.bytes(ofFileSystem: ByteCount(room.size)).rawValue
        if state.extents > 1 && state.isWhole && room.available - chunk.length >= floor {
            _ = try layOnce(chunk, of: file, scratch: &scratch)
        }
        return true
    }

    private mutating func layOnce(
        _ chunk: Chunk, of file: borrowing XFS.File, scratch: inout Scratch
    ) throws(Halt) -> Bool {
        let start = ContinuousClock.now
        do throws(SystemError) {
            try scratch.keep(chunk.range, of: file)
        } catch {
            size = try halting { () throws(SystemError) in try file.status().size }
            let end = chunk.range.upperBound
            let isValid = end == size || (end < size && end % blockSize == 0)
            if error.errno == EINVAL && !isValid { return false }
            throw Halt(error)
        }
        let cloned = ContinuousClock.now
        histogram.record(cloned - start)
        try halting { () throws(SystemError) in try file.unshare(chunk.range) }
        let unsharing = ContinuousClock.now - cloned
        histogram.record(unsharing)
        pauses.learn(
            clone: cloned - start, unshare: unsharing, bytes: chunk.length, extents: chunk.extents,
            policy: policy)
        lastPause = max(lastPause, cloned - start, unsharing)
        lastChunk = chunk.length
        rewritten += chunk.length
        sinceRest += chunk.length
        return true
    }

    /// How many extents `range` has, and whether all of it is written.
    private func inspect(
        _ range: Range<Int64>, of file: borrowing XFS.File
    ) throws(Halt) -> (extents: Int, isWhole: Bool) {
        var merger = ExtentMerger(rule: .neighbours)
        var extents = 1
        var written: Int64 = 0
        try halting { () throws(SystemError) in
            try file.readMap(of: range) { record in
                if merger.add(record) != nil { extents += 1 }
                if record.state == .written { written += record.length }
                return true
            }
        }
        return (extents, written == range.upperBound - range.lowerBound)
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
