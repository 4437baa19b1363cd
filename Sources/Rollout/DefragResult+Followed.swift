public import DefragTypes

extension DefragResult {
    /// The result of this slice and of `later`, which went on from its cursor: extents before from the first,
    /// after from the last; bytes and seconds added up; of the pauses' percentiles the worse; a note of
    /// each kind. A slice that was stopped before it opened the file knows nothing of it.
    public func followed(by later: DefragResult) -> DefragResult {
        guard inode != 0 else { return later }
        var both = later
        if later.inode == 0 {
            (both.inode, both.size, both.freeBytes) = (inode, size, freeBytes)
            both.extents.after = extents.after
        }
        // It is contiguous by what the slices before have done.
        if later.reason == .alreadyContiguous, bytes.rewritten > .zero { both.reason = nil }
        both.extents.before = extents.before
        both.bytes.rewritten = min(bytes.rewritten + later.bytes.rewritten, .mostCounted)
        both.bytes.unshared = min(bytes.unshared + later.bytes.unshared, .mostCounted)
        both.pause = pause.merged(with: later.pause)
        both.freeBytes.before = freeBytes.before
        both.freeBytes.lowest = min(freeBytes.lowest, both.freeBytes.lowest)
        both.seconds += seconds
        // A hint that could not be given back then has been given back since, unless the later slice says so, too.
        let earlier = (notes ?? []).filter { $0.reason != .hintNotRestored }
        let known = Set(earlier.map(\.reason))
        let all = earlier + (later.notes ?? []).filter { !known.contains($0.reason) }
        both.notes = all.isEmpty ? nil : all
        return both
    }
}
