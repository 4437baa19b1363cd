import DefragTypes
import Glibc
import XFS

extension Run {
    /// Clones and unshares `chunk`, and learns from it. False if the file changed so much under us that the chunk does
    /// not exist any more.
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
        return true
    }
}
