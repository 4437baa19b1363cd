import DefragTypes
import XFS

/// What a run has done and seen. Figures are bytes unless they say otherwise.
struct Account {
    let isDryRun: Bool
    /// Everything in the file before is done.
    var position: Int64
    var inode: UInt64 = 0
    var size: Int64 = 0
    /// Extents of the whole file.
    var extents = DefragResult.Change(before: 0, after: 0)
    /// What might be unshared.
    var budget: Int64 = 0

    /// In a dry run, what would be.
    private(set) var rewritten: Int64 = 0
    private(set) var unshared: Int64 = 0
    /// Worth rewriting, and skipped as windows like theirs did not gain.
    var skipped: Int64 = 0
    /// In a dry run, what would be rewritten.
    private(set) var planned = (stretches: 0, extents: 0, saved: 0)
    /// Whether shared extents were left alone for the budget, and chunks because they could not be pinned.
    var isOverBudget = false
    var isUnpinned = false
    /// Changes between written and unwritten, where the whole map was walked over.
    var preallocationChanges = 0
    /// What the device could not read.
    var unreadable: [Range<Int64>] = []
    private(set) var notes: [DefragResult.Note] = []

    /// Locks of the file, and reads of the device.
    private(set) var pauses = LatencyHistogram()
    private(set) var waits = LatencyHistogram()
    private(set) var worst = WorstWaits()
    private(set) var chunks = 0
    private var lastChunk: Int64 = 0
    private var lastPause = Duration.zero
    private var lastWait = Duration.zero
    private(set) var free: DefragResult.FreeSpace?
    private let started = ContinuousClock.now

    init(from position: Int64, isDryRun: Bool) {
        self.position = position
        self.isDryRun = isDryRun
    }

    /// Counts `chunk`, and the file's longest lock for it.
    mutating func add(_ chunk: Chunk, pause: Duration) {
        rewritten += chunk.length
        unshared += chunk.shared
        chunks += 1
        lastChunk = chunk.length
        lastPause = pause
    }

    /// Counts `plan` as what would be rewritten.
    mutating func add(_ plan: WindowPlan) {
        rewritten += plan.bytes
        unshared += plan.shared
        planned.extents += plan.extents
        planned.stretches += plan.stretches.count
        planned.saved += plan.extents - plan.stretches.count - (plan.isCut ? 1 : 0)
    }

    /// Counts one lock of the file, or one read, at `offset`, that was to take no longer than `aim`.
    mutating func add(_ phase: Phase, at offset: Int64, took duration: Duration, aim: Duration) {
        if phase.isLock {
            pauses.record(duration, aim: aim)
        } else {
            waits.record(duration, aim: aim)
            lastWait = duration
        }
        worst.note(phase, at: offset, took: duration)
    }

    mutating func add(_ space: Space) {
        let available = ByteCount(space.available)
        var seen = free ?? .init(before: available, lowest: available, after: available)
        seen.lowest = min(seen.lowest, available)
        seen.after = available
        free = seen
    }

    mutating func note(_ reason: Reason, _ message: String) {
        notes.append(.init(reason, message))
    }

    var progress: DefragProgress {
        DefragProgress(
            offset: ByteCount(position), size: ByteCount(size), rewritten: ByteCount(rewritten),
            unshared: ByteCount(unshared), chunk: ByteCount(lastChunk), pause: lastPause, wait: lastWait,
            elapsed: elapsed)
    }

    /// Since the run's start.
    var elapsed: Duration { ContinuousClock.now - started }
}
