import DefragTypes
import Glibc
import XFS

extension Run {
    /// The outcome of a chunk.
    private enum Outcome {
        case rewritten
        /// The file's end has moved since the chunk was cut.
        case gone
        /// The kernel refuses its end, which is right by now.
        case refused(SystemError)
        /// Guests have written to the pinned blocks, and its last shared extent must not be unshared.
        case unpinned
        /// The device cannot read it.
        case unreadable
    }

    /// How often a chunk that was not rewritten is cut again.
    private static let mostRetries = 3

    /// Rewrites what is written in `stretch`, chunk by chunk, or as much of it as there is time for. The run's position
    /// follows in a window's first pass.
    mutating func rewrite(
        _ stretch: Range<Int64>, in workspace: inout Workspace, isFirst: Bool,
        until time: ContinuousClock.Instant? = nil
    ) throws {
        var position = stretch.lowerBound
        var retries = 0
        if isFirst { account.position = position }
        while position < stretch.upperBound {
            if pace.isWaitDue { try wait() }
            try ask()
            workspace.renewPin(in: &work, &account, aim: pace.policy.maxPause)
            guard let chunk = try nextChunk(in: position..<stretch.upperBound, pin: workspace.pin) else {
                break
            }
            if pace.policy.sharing == .preserve
                && account.unshared + chunk.shared > state.unshareBudgetLeft.rawValue
            {
                // A backup made since the window was planned.
                account.isOverBudget = true
            } else if work.needsPin && !workspace.pin.holds(outside: chunk.range) {
                account.isUnpinned = true
            } else {
                try checkSpace(for: chunk.length)
                if chunk.shared > 0 {
                    workspace.reserve(account.unshared + chunk.shared, atOnce: pace.window, in: work)
                }
                let outcome = try rewrite(chunk, in: workspace)
                switch outcome {
                case .gone where retries < Self.mostRetries, .unpinned where retries < Self.mostRetries,
                    .refused where retries < Self.mostRetries:
                    retries += 1
                    continue
                case .refused(let error): throw error
                case .unpinned: account.isUnpinned = true
                case .unreadable: skipUnreadable(chunk.range)
                case .rewritten, .gone: break
                }
            }
            retries = 0
            position = (chunk.range.upperBound + work.blockSize - 1) / work.blockSize * work.blockSize
            if isFirst { account.position = position }
            pace.move()
            if isPast(time) { return }
        }
        if isFirst { account.position = stretch.upperBound }
    }

    /// Clones and unshares `chunk`, and learns from it.
    private mutating func rewrite(_ chunk: Chunk, in workspace: borrowing Workspace) throws -> Outcome {
        let aim = pace.policy.maxPause
        let start = ContinuousClock.now
        do throws(SystemError) {
            try workspace.keep(chunk.range, of: work)
        } catch {
            try look()
            guard error.errno == EINVAL else { throw error }
            // It may have been cut off for a moment only.
            return work.canEndClone(at: chunk.range.upperBound) ? .refused(error) : .gone
        }
        let clone = ContinuousClock.now - start
        account.add(.clone, at: chunk.range.lowerBound, took: clone, aim: aim)
        guard !work.needsPin || workspace.pin.isFirm(outside: chunk.range, in: work.file) else {
            return .unpinned
        }
        let unsharing = ContinuousClock.now
        do throws(SystemError) {
            try work.file.unshare(chunk.range)
        } catch {
            if error.errno == EIO && !isReadable(chunk.range) { return .unreadable }
            throw error
        }
        let unshare = ContinuousClock.now - unsharing
        account.add(.unshare, at: chunk.range.lowerBound, took: unshare, aim: aim)
        account.add(chunk, pause: max(clone, unshare))
        pace.learn(chunk, clone: clone, unshare: unshare)
        // Takes no lock.
        if let lock = pace.slowness.verdict(aim: pace.policy.maxPause) { throw Halt.tooSlow(lock) }
        if pace.isFlushDue() { try workspace.makeDurable() }
        account.add(try work.file.space())
        return .rewritten
    }

    private mutating func skipUnreadable(_ range: Range<Int64>) {
        state.skipUnreadable(range)
        work.unreadable = state.unreadableRanges
    }

    /// Whether the device can read `range`: otherwise an unshare of it has failed for that, and others need not.
    private func isReadable(_ range: Range<Int64>) -> Bool {
        guard let window = try? MappedWindow(range, of: work.file) else { return true }
        return window.finishReading(range)
    }

    /// The next chunk, from a map read just now; `nil` if nothing is written in `range` any more. Where data depend on the
    /// pin, it ends where half of the pinned blocks are still outside.
    private mutating func nextChunk(in range: Range<Int64>, pin: borrowing Pin) throws -> Chunk? {
        let chunk = try nextChunk(in: range)
        guard work.needsPin, let chunk, !pin.holds(outside: chunk.range),
            let boundary = pin.boundary(in: chunk.range)
        else { return chunk }
        return try nextChunk(in: range.lowerBound..<boundary)
    }

    /// The next chunk, from a map read just now; `nil` if nothing is written in `range` any more.
    private mutating func nextChunk(in range: Range<Int64>) throws -> Chunk? {
        try look()
        let limits = pace.limits
        var cutter = ChunkCutter(limits: limits, alignment: work.alignment)
        work.seek(range, batch: limits.extents)
        while let record = try work.next(), cutter.add(record) {}
        guard var chunk = cutter.finish(), chunk.range.lowerBound < work.size else { return nil }
        // A clone that ends within the last block must end at the file's end exactly.
        chunk.range = chunk.range.clamped(to: 0..<work.size)
        chunk.shared = min(chunk.shared, chunk.length)
        return chunk
    }
}
