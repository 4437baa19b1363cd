import XFS

/// How many extents fewer a file would have if it were contiguous: an estimate, by the rules by which a run chooses what
/// to rewrite, but without a budget.
struct LayoutGain {
    /// Extents that would be saved, after ``finish()``.
    private(set) var saved = 0
    private let target: Int64
    private var end: Int64 = -1
    private var length: Int64 = 0
    private var extents: Int64 = 0

    /// For extents that count as long at `target` bytes.
    init(target: Int64) {
        self.target = target
    }

    /// Takes the next extent of data, in file order. (Holes and preallocation show as gaps.)
    mutating func add(_ extent: Extent) {
        if extent.offset != end || extent.length >= target { close() }
        end = extent.end
        guard extent.length < target else { return }
        length += extent.length
        extents += 1
        if length >= target { close() }
    }

    /// After the last extent.
    mutating func finish() { close() }

    /// A stretch of small extents is rewritten only if each extent saved costs at most half a target's bytes.
    private mutating func close() {
        let gain = extents - (length + target - 1) / target
        if gain > 0, length / gain <= target / 2 { saved += Int(gain) }
        length = 0
        extents = 0
    }
}
