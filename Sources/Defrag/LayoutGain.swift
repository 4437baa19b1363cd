import XFS

/// How many extents fewer a file would have if it were contiguous: an estimate, by the rule by which a run chooses what
/// to rewrite, but without a budget.
struct LayoutGain {
    /// Extents that would be saved, after ``finish()``.
    private(set) var saved = 0
    private let rule: WorthRule
    private var end: Int64 = -1
    private var length: Int64 = 0
    private var extents = 0

    /// For extents that count as long at `target` bytes.
    init(target: Int64) {
        rule = WorthRule(target: target)
    }

    /// Takes the next extent of data, in file order. (Holes and preallocation show as gaps.)
    mutating func add(_ extent: Extent) {
        if extent.offset != end || !rule.isSmall(extent) { close() }
        end = extent.end
        guard rule.isSmall(extent) else { return }
        length += extent.length
        extents += 1
        if length >= rule.target { close() }
    }

    /// After the last extent.
    mutating func finish() { close() }

    private mutating func close() {
        if rule.isWorthIt(extents: extents, bytes: length) {
            saved += rule.saved(extents: extents, bytes: length)
        }
        length = 0
        extents = 0
    }
}
