public import DefragTypes

extension DefragResult {
    /// The result of this slice and of `later`, which went on from its cursor: extents before from the first, after from the
    /// last; bytes and seconds are added up; of the percentiles of the pauses the worse one; one note of each reason. A slice
    /// that was stopped before it opened the file says nothing of the file.
    ///
    /// It is bounded, however many slices there are: sums end at ``ByteCount/mostCounted``, ``mostPauses`` and ``mostSeconds``,
    /// and there are at most ``mostNotes`` notes, the earliest.
    public func followed(by later: DefragResult) -> DefragResult {
        guard inode != 0 else { return later.bounded }
        var both = later
        if later.inode == 0 {
            (both.inode, both.size, both.freeBytes) = (inode, size, freeBytes)
            both.extents.after = extents.after
        }
        // It is contiguous because of the slices before.
        if later.reason == .alreadyContiguous, bytes.rewritten > .zero { both.reason = nil }
        both.extents.before = extents.before
        both.bytes.rewritten = min(bytes.rewritten + later.bytes.rewritten, .mostCounted)
        both.bytes.unshared = min(bytes.unshared + later.bytes.unshared, .mostCounted)
        both.pause = pause.merged(with: later.pause)
        both.waits = waits.map { $0.merged(with: later.waits ?? PauseStatistics()) } ?? later.waits
        let worst = ((worst ?? []) + (later.worst ?? [])).sorted { $0.ms > $1.ms }
        both.worst = worst.isEmpty ? nil : Array(worst.prefix(DefragResult.mostWaits))
        both.freeBytes.before = freeBytes.before
        both.freeBytes.lowest = min(freeBytes.lowest, both.freeBytes.lowest)
        both.seconds += seconds
        // A hint that could not be restored has been restored since, unless the later slice says the same.
        let earlier = (notes ?? []).filter { $0.reason != .hintNotRestored }
        let known = Set(earlier.map(\.reason))
        let all = earlier + (later.notes ?? []).filter { !known.contains($0.reason) }
        both.notes = all.isEmpty ? nil : all
        return both.bounded
    }

    /// Most pauses of a file, and of each of their buckets.
    static let mostPauses = 1 << 53
    /// Most seconds of a file.
    static let mostSeconds = 1e9

    private var bounded: DefragResult {
        var result = self
        result.seconds = min(seconds, Self.mostSeconds)
        result.pause = pause.bounded
        result.waits = waits?.bounded
        var reasons: Set<Reason> = []
        result.notes = notes.map {
            Array($0.filter { reasons.insert($0.reason).inserted }.prefix(DefragResult.mostNotes))
        }
        return result
    }
}

extension PauseStatistics {
    fileprivate var bounded: PauseStatistics {
        var bounded = self
        bounded.count = min(count, DefragResult.mostPauses)
        bounded.over = over.map { min($0, DefragResult.mostPauses) }
        bounded.buckets = buckets?.map { .init(upTo: $0.upTo, count: min($0.count, DefragResult.mostPauses)) }
        return bounded
    }
}
