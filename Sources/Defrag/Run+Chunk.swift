import DefragTypes
import Glibc
import XFS

extension Run {
    /// The outcome of a chunk.
    enum Outcome {
        case rewritten
        /// The file's end has moved since the chunk was cut.
        case gone
        /// Guests have written to the pinned blocks, and its last shared extent must not be unshared.
        case unpinned
    }

    /// Clones and unshares `chunk`, and learns from it.
    mutating func rewrite(
        _ chunk: Chunk, of file: borrowing XFS.File, closer: WindowCloser, pin: borrowing Pin
    ) throws -> Outcome {
        let start = ContinuousClock.now
        do throws(SystemError) {
            try closer.keep(chunk.range, of: file)
        } catch {
            size = try file.status().size
            let end = chunk.range.upperBound
            let isValid = end == size || (end < size && end % blockSize == 0)
            if error.errno == EINVAL && !isValid { return .gone }
            throw error
        }
        let cloned = ContinuousClock.now
        histogram.record(cloned - start, aim: policy.maxPause)
        guard !needsPin || pin.isFirm(outside: chunk.range, in: file) else { return .unpinned }
        let unsharing = ContinuousClock.now
        try file.unshare(chunk.range)
        let pause = ContinuousClock.now - unsharing
        histogram.record(pause, aim: policy.maxPause)
        pauses.learn(
            clone: cloned - start, unshare: pause, bytes: chunk.length, extents: chunk.extents,
            policy: policy)
        lastPause = max(cloned - start, pause)
        lastChunk = chunk.length
        rewritten += chunk.length
        unshared += chunk.shared
        unpaced += chunk.length
        try flushIfDue(file, after: chunk.length)
        let space = try file.space()
        lowestFree = min(lowestFree, space.available)
        return .rewritten
    }

    /// Makes what was rewritten durable every few chunks: a flush of a whole window at once fills the device's queue, and the
    /// guest's I/O waits behind it. No lock is held.
    private mutating func flushIfDue(_ file: borrowing XFS.File, after bytes: Int64) throws {
        sinceFlush += bytes
        guard sinceFlush >= Self.flushInterval else { return }
        sinceFlush = 0
        try file.synchronizeData()
    }

    /// Bytes between two flushes; see docs/engine-notes.md.
    private static let flushInterval: Int64 = 2 << 20
}
