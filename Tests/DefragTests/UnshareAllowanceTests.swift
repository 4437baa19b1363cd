import DefragTypes
import Support
import Testing
import XFS

@testable import Defrag

/// What a budget buys: the census, the allowance and the planner together, over modelled files.
struct UnshareAllowanceTests {
    private static let kib: Int64 = 1024
    private static let mib: Int64 = 1 << 20

    /// The result of rewriting a whole file.
    private struct Outcome {
        var shared: Int64 = 0
        var saved = 0
        var stretches: [Range<Int64>] = []
        var isOverBudget = false

        /// Bytes rewritten in `range`.
        func bytes(in range: Range<Int64>) -> Int64 {
            stretches.reduce(0) { $0 + Int64($1.clamped(to: range).count) }
        }
    }

    private func census(_ map: MapModel, target: Int64 = 16 << 20) -> SharingCensus {
        var census = SharingCensus(target: target, blockSize: 4096, size: map.size)
        for record in map.records { census.add(record) }
        return census
    }

    /// Rewrites `map` window by window as a run does, within `budget` bytes.
    private func rewrite(_ map: MapModel, budget: Int64, window: Int64 = 16 << 20, bestFirst: Bool = true)
        -> Outcome
    {
        var outcome = Outcome()
        var census = census(map)
        let allowance = bestFirst ? census.finish(budget: budget) : .unlimited
        var cursor: Int64 = 0
        while cursor < map.size {
            var planner = Planner(
                criteria: .init(
                    target: 16 << 20, window: window, alignment: 4096, sharing: .preserve,
                    budget: budget - outcome.shared, allowance: allowance), from: cursor, to: map.size)
            for record in map.records(from: cursor) {
                guard planner.add(record) else { break }
            }
            let plan = planner.finish()
            outcome.shared += plan.shared
            outcome.saved += plan.extents - plan.stretches.count - (plan.isCut ? 1 : 0)
            outcome.stretches += plan.stretches
            outcome.isOverBudget = outcome.isOverBudget || plan.isOverBudget
            #expect(plan.next > cursor)
            cursor = plan.next
        }
        return outcome
    }

    /// `bytes` of shared pieces of `shared` KiB, each followed by a private block.
    private func add(_ bytes: Int64, piecesOf shared: Int64, to map: inout MapModel) {
        let end = map.size + bytes
        while map.size < end {
            map.add(shared, shared: true)
            map.add(4)
        }
    }

    @Test func whatFitsTheBudgetIsRewrittenAsAWhole() {
        var map = MapModel()
        add(8 * Self.mib, piecesOf: 12, to: &map)
        add(8 * Self.mib, piecesOf: 252, to: &map)
        var census = census(map)
        let cost = map.records.reduce(0) { $0 + $1.shared }
        let allowance = census.finish(budget: cost)
        #expect(!allowance.isLimited)
        let outcome = rewrite(map, budget: cost)
        #expect(outcome.stretches == [0..<map.size])
        #expect(!outcome.isOverBudget)
    }

    @Test(arguments: [true, false])
    func theDenserRegionIsLaidWhereverItIs(denseFirst: Bool) {
        var map = MapModel()
        if denseFirst { add(8 * Self.mib, piecesOf: 12, to: &map) }
        add(8 * Self.mib, piecesOf: 124, to: &map)
        if !denseFirst { add(8 * Self.mib, piecesOf: 12, to: &map) }
        let dense = denseFirst ? 0..<8 * Self.mib : 8 * Self.mib..<16 * Self.mib
        let outcome = rewrite(map, budget: 6 * Self.mib)
        #expect(outcome.shared <= 6 * Self.mib)
        #expect(outcome.bytes(in: dense) > 8 * Self.mib - 64 * Self.kib)
        #expect(outcome.isOverBudget)
        let inFileOrder = rewrite(map, budget: 6 * Self.mib, bestFirst: false)
        #expect(denseFirst || inFileOrder.saved < outcome.saved / 4)
    }

    @Test func whatIsEquallyDenseIsRewrittenInFileOrderUntilTheBudgetIsUsed() {
        var map = MapModel()
        for _ in 0..<4096 { map.add(4, shared: true) }
        let outcome = rewrite(map, budget: 6 * Self.mib)
        #expect(outcome.stretches == [0..<6 * Self.mib])
        #expect(outcome.shared == 6 * Self.mib)
        #expect(outcome.isOverBudget)
        let nothing = rewrite(map, budget: 0)
        #expect(nothing.stretches.isEmpty)
        #expect(nothing.isOverBudget)
    }

    @Test func shortPiecesBetweenLongOnesAreTakenFirst() {
        // Random writes: the pieces between them differ by their length only.
        var map = MapModel()
        var random = Xorshift(seed: 3)
        while map.size < 256 * Self.mib {
            map.add(4 * Int64.random(in: 1...64, using: &random), shared: true)
            map.add(4)
        }
        let all = rewrite(map, budget: .max / 4)
        let tenth = rewrite(map, budget: all.shared / 10)
        let inFileOrder = rewrite(map, budget: all.shared / 10, bestFirst: false)
        #expect(tenth.shared <= all.shared / 10)
        #expect(tenth.shared > all.shared / 11)
        // Lengths are distributed evenly, so that a tenth of the bytes is in the shorter third of the pieces.
        #expect(Double(tenth.saved) > 0.27 * Double(all.saved))
        #expect(Double(inFileOrder.saved) < 0.11 * Double(all.saved))
    }

    @Test func whatIsPrivateIsRewrittenWithoutABudget() {
        var map = MapModel()
        for _ in 0..<64 {
            for _ in 0..<10 { map.add(4) }
            map.add(64, shared: true)
        }
        let outcome = rewrite(map, budget: 0)
        #expect(outcome.shared == 0)
        #expect(outcome.saved == 64 * 9)
    }

    @Test func longExtentsThatAreNotWorthTheirBytesAreNotMissed() {
        var map = MapModel()
        for _ in 0..<8 { map.add(10 << 10, shared: true) }
        let outcome = rewrite(map, budget: 1 << 20)
        #expect(outcome.stretches.isEmpty)
        #expect(!outcome.isOverBudget)
    }

    @Test func theBudgetIsNeverExceededAndWellSpentOnAnyFile() {
        var saved: [Int64: (best: Int, inFileOrder: Int)] = [:]
        for seed in 1...40 as ClosedRange<UInt64> {
            var random = Xorshift(seed: seed)
            var map = MapModel()
            while map.size < 40 * Self.mib {
                switch Int.random(in: 0..<20, using: &random) {
                case 0: map.hole(64)
                case 1: map.add(1 << Int64.random(in: 6...14, using: &random), shared: true)
                case 2: map.add(8, .unwritten)
                case 3..<10: map.add(4 * Int64.random(in: 1...8, using: &random))
                default: map.add(4 << Int64.random(in: 0...6, using: &random), shared: true)
                }
            }
            let all = rewrite(map, budget: .max / 4, window: 2 * Self.mib)
            for share in [10, 40, 90] as [Int64] {
                let budget = all.shared * share / 100
                let best = rewrite(map, budget: budget, window: 2 * Self.mib)
                #expect(best.shared <= budget)
                #expect(best.saved <= all.saved)
                let inFileOrder = rewrite(map, budget: budget, window: 2 * Self.mib, bestFirst: false)
                saved[share, default: (0, 0)].best += best.saved
                saved[share, default: (0, 0)].inFileOrder += inFileOrder.saved
            }
        }
        func gain(_ share: Int64) -> Double {
            saved[share].map { Double($0.best) / Double($0.inFileOrder) } ?? 0
        }
        #expect(gain(10) > 1.7)
        #expect(gain(40) > 1.3)
        #expect(gain(90) > 1)
    }

    @Test func pricesGoFromNothingToEverything() {
        let prices = SharingCensus.prices(from: 2048, to: 8 << 20)
        #expect(prices.count == 51)
        #expect(prices.first == 1)
        #expect(prices.last == Appraiser.unlimited)
        #expect(zip(prices, prices.dropFirst()).allSatisfy { $0 < $1 })
    }

    @Test func theReserveIsWhatIsStillToCome() {
        let allowance = UnshareAllowance(strict: 1, generous: 2, costs: [5, 0, 3], slot: 100)
        #expect([0, 99, 100, 250, 300].map { allowance.reserve(behind: $0) } == [8, 8, 3, 3, 0])
    }
}
