import DefragTypes
import Glibc
import XFS

extension Run {
    /// Clones and unshares `chunk`, learns from it, and notes it if it is broken. False if the file changed so much
    /// under us that the chunk does not exist any more.
    mutating func lay(
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
        lastPause = max(cloned - start, unsharing)
        lastChunk = chunk.length
        rewritten += chunk.length
        unshared += chunk.shared
        sinceRest += chunk.length
        let space = try halting { () throws(SystemError) in try file.space() }
        lowestFree = min(lowestFree, space.available)
        if try isBroken(chunk, in: file) { noteBroken(chunk) }
        return true
    }

    /// Whether laying `chunk` once more would help. Alone in a new place it would have a break at its start and one at
    /// its end: with so many, within or at its start, it is as good as it will be. The file system may put a
    /// block of its own anywhere.
    private func isBroken(_ chunk: Chunk, in file: borrowing XFS.File) throws(Halt) -> Bool {
        var merger = ExtentMerger(rule: .neighbours)
        var breaks = 0
        var written: Int64 = 0
        let range = max(0, chunk.range.lowerBound - blockSize)..<chunk.range.upperBound
        try halting { () throws(SystemError) in
            try file.readMap(of: range) { record in
                if merger.add(record) != nil { breaks += 1 }
                let part =
                    max(record.offset, chunk.range.lowerBound)..<max(record.end, chunk.range.lowerBound)
                if record.state == .written { written += Int64(part.count) }
                return true
            }
        }
        // What is not all written any more has been changed by others: leave it to them.
        return breaks > 2 && written >= chunk.length
    }

    private mutating func noteBroken(_ chunk: Chunk) {
        let end = (chunk.range.upperBound + blockSize - 1) / blockSize * blockSize
        if let last = broken.last, last.upperBound == chunk.range.lowerBound {
            broken[broken.count - 1] = last.lowerBound..<end
        } else {
            broken.append(chunk.range.lowerBound..<end)
        }
    }
}
