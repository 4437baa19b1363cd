import Support
import XFS

/// Which parts of a file its users have touched since a certain moment, which decides what of its layout must be
/// unchanged: holes without writes stay holes, preallocation stays preallocation.
struct TouchLog: Sendable {
    private struct Touch {
        var range: Range<Int64>
        /// Whether the blocks were released, and must not hold data any longer.
        var isRelease: Bool
    }

    private let blockSize: Int64
    private var touches: [Touch] = []

    init(blockSize: Int64) {
        self.blockSize = blockSize
    }

    /// `range` was touched, and with it whatever is in the same unit of `unit` bytes; without an end for what moves the
    /// end of the file.
    mutating func add(from start: Int64, to end: Int64 = .max, unit: Int64) {
        let last = end > .max - unit ? Int64.max : (end + unit - 1) / unit * unit
        touches.append(Touch(range: start / unit * unit..<last, isRelease: false))
    }

    /// The whole blocks of `range` were released.
    mutating func addRelease(_ range: Range<Int64>) {
        add(from: range.lowerBound, to: range.upperBound, unit: blockSize)
        let start = (range.lowerBound + blockSize - 1) / blockSize * blockSize
        let end = range.upperBound / blockSize * blockSize
        if start < end { touches.append(Touch(range: start..<end, isRelease: true)) }
    }

    /// Which promise `after` breaks, given `before`; `nil` if none. Only what is before the end of both counts: behind
    /// it, XFS preallocates as it sees fit.
    func fault(before: Layout, after: Layout) -> String? {
        let count = Int((min(before.size, after.size) + blockSize - 1) / blockSize)
        let (old, new) = (before.states(count, blockSize), after.states(count, blockSize))
        let last = lastTouches(count)
        for block in 0..<count {
            switch last[block] {
            case nil where old[block] != new[block] && !Self.mayBeFilled(old[block], new[block]):
                return "block \(block), which nobody has touched, was \(Self.name(old[block])) and is "
                    + Self.name(new[block])
            case true? where (new[block] == .written || new[block] == .delayed) && !WholeFolios.areWritten:
                return "block \(block), which was punched, holds data"
            default: continue
            }
        }
        return nil
    }

    private static func mayBeFilled(_ old: Extent.State?, _ new: Extent.State?) -> Bool {
        WholeFolios.areWritten && new == .written && (old == nil || old == .unwritten)
    }

    /// Bytes that were released and are allocated all the same: a punch during a chunk's lock may leave
    /// preallocation.
    func preallocationLeft(in layout: Layout) -> Int64 {
        let count = Int((layout.size + blockSize - 1) / blockSize)
        let states = layout.states(count, blockSize)
        let last = lastTouches(count)
        return Int64((0..<count).count { last[$0] == true && states[$0] == .unwritten }) * blockSize
    }

    /// Whether the last touch of each block gave it back; `nil` where there was none.
    private func lastTouches(_ count: Int) -> [Bool?] {
        var last = [Bool?](repeating: nil, count: count)
        for touch in touches {
            let start = Int(touch.range.lowerBound / blockSize)
            let end = min(count, Int(touch.range.upperBound / blockSize))
            for block in start..<max(start, end) { last[block] = touch.isRelease }
        }
        return last
    }

    private static func name(_ state: Extent.State?) -> String { state.map { "\($0)" } ?? "a hole" }
}

extension Layout {
    /// What the first `count` blocks of `blockSize` bytes are; `nil` for a hole.
    fileprivate func states(_ count: Int, _ blockSize: Int64) -> [Extent.State?] {
        var states = [Extent.State?](repeating: nil, count: count)
        for part in parts {
            let start = Int(part.range.lowerBound / blockSize)
            let end = min(count, Int((part.range.upperBound + blockSize - 1) / blockSize))
            for block in start..<max(start, end) { states[block] = part.state }
        }
        return states
    }
}
