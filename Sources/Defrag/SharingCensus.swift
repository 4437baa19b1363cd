import DefragTypes
import XFS

/// Adds up what unsharing a file's small extents would cost at each of some fifty prices, so that the best that a
/// budget can buy is known before anything is rewritten. The map is fed to it once, record by record, in file order; its
/// memory does not depend on the file.
///
/// Prices are in steps of a fourth root of two, from half a block (a shared block between two private ones saves
/// two extents) to half a target extent, beyond which no extent saved is worth its bytes. Costs are kept for each of
/// ``slots`` equal parts of the file.
struct SharingCensus {
    /// Parts of the file for which costs are known.
    static let slots = 64

    private let rule: WorthRule
    private let slot: Int64
    private var merger = ExtentMerger(rule: .sameState)
    private var levels: [Level]
    /// Bytes by level and slot.
    private var costs: [Int64]
    /// Where the last extent that may be rewritten ends, and whether that was private: another one changes nothing then.
    private var last = (end: Int64(-1), isPrivate: false)

    private struct Level {
        var appraiser: Appraiser
        /// Shared bytes of the stretch that have not proved worthwhile.
        var pending: Int64 = 0
    }

    /// A census of a file of `size` bytes in which extents shorter than `target` may be rewritten.
    init(target: Int64, blockSize: Int64, size: Int64) {
        rule = WorthRule(target: target)
        slot = max(blockSize, (size + Int64(Self.slots) - 1) / Int64(Self.slots))
        levels = Self.prices(from: blockSize / 2, to: rule.mostPrice).map {
            Level(appraiser: Appraiser(price: $0))
        }
        costs = Array(repeating: 0, count: levels.count * Self.slots)
    }

    /// Every price, from one at which nothing shared is rewritten to one at which everything is.
    static func prices(from least: Int64, to most: Int64) -> [Int64] {
        var prices: [Int64] = [1]
        var price = Double(max(2, least))
        while price <= Double(most) {
            prices.append(Int64(price))
            price *= 1.189_207_115_002_721  // 2^(1/4)
        }
        return prices + [Appraiser.unlimited]
    }

    /// Takes the next record of the map.
    mutating func add(_ record: Extent) {
        if let extent = merger.add(record) { count(extent) }
    }

    /// What a budget of `budget` bytes is best spent for. The map is complete.
    mutating func finish(budget: Int64) -> UnshareAllowance {
        if let extent = merger.finish() { count(extent) }
        let affordable = levels.indices.last { cost(of: $0) <= budget } ?? 0
        guard affordable < levels.count - 1 else { return .unlimited }
        return UnshareAllowance(
            strict: levels[affordable].appraiser.price, generous: levels[affordable + 1].appraiser.price,
            costs: Array(costs[affordable * Self.slots..<(affordable + 1) * Self.slots]), slot: slot)
    }

    private func cost(of level: Int) -> Int64 {
        costs[level * Self.slots..<(level + 1) * Self.slots].reduce(0, +)
    }

    private mutating func count(_ extent: Extent) {
        guard extent.state == .written, rule.isSmall(extent) else { return }
        let follows = last.end == extent.offset
        let isPrivate = extent.shared == 0
        defer { last = (extent.end, isPrivate) }
        guard !(follows && last.isPrivate && isPrivate) else { return }
        let index = min(Self.slots - 1, Int(extent.offset / slot))
        for level in levels.indices {
            if !follows { levels[level].appraiser.reset() }
            switch levels[level].appraiser.add(shared: extent.shared) {
            case .starts: levels[level].pending = extent.shared
            case .pends: levels[level].pending += extent.shared
            case .settles:
                costs[level * Self.slots + index] += levels[level].pending + extent.shared
                levels[level].pending = 0
            }
        }
    }
}
