import DefragTypes
import Testing
import XFS

@testable import Defrag

/// Sizes in KiB.
struct PlannerTests {
    private typealias Map = MapModel
    private static let kib: Int64 = 1024

    private func plan(
        _ map: Map, from start: Int64 = 0, target: Int64 = 64, window: Int64 = 1024,
        sharing: Sharing = .preserve, budget: Int64 = 1 << 20, allowance: UnshareAllowance = .unlimited
    ) -> WindowPlan {
        var planner = Planner(
            criteria: .init(
                target: target * Self.kib, window: window * Self.kib, alignment: 4096, sharing: sharing,
                budget: budget * Self.kib, allowance: allowance), from: start * Self.kib, to: map.size)
        for record in map.records(from: start * Self.kib) {
            guard planner.add(record) else { break }
        }
        return planner.finish()
    }

    private func kib(_ runs: Range<Int64>...) -> [Range<Int64>] {
        runs.map { $0.lowerBound * Self.kib..<$0.upperBound * Self.kib }
    }

    @Test func anEmptyFileHasNothingToDo() {
        let plan = plan(Map())
        #expect(plan == WindowPlan(next: 0))
    }

    @Test func oneExtentIsLeftAlone() {
        var map = Map()
        map.add(4)
        #expect(plan(map).stretches.isEmpty)
        #expect(plan(map).next == map.size)
    }

    @Test func neighboursOnTheDeviceAreOneExtent() {
        var map = Map()
        map.add(4)
        map.add(4, joined: true)
        #expect(plan(map).stretches.isEmpty)
    }

    @Test func smallExtentsAreRewritten() {
        var map = Map()
        map.add(4)
        map.add(8)
        map.add(4)
        let plan = plan(map)
        #expect(plan.stretches == kib(0..<16))
        #expect(plan.extents == 3)
        #expect(plan.bytes == 16 * Self.kib)
        #expect(plan.next == map.size)
    }

    @Test func holesUnwrittenAndDelayedPartsEndAStretch() {
        for gap in [Extent.State?.none, .unwritten, .delayed] {
            var map = Map()
            map.add(4)
            map.add(4)
            if let gap { map.add(8, gap) } else { map.hole(8) }
            map.add(4)
            map.add(4)
            map.hole(4)
            map.add(4)
            #expect(plan(map).stretches == kib(0..<8, 16..<24))
        }
    }

    @Test func longExtentsAreLeftAloneAndTheirNeighboursRewritten() {
        var map = Map()
        map.add(4)
        map.add(4)
        map.add(64)
        map.add(4)
        map.add(32)
        map.add(32, joined: true)
        map.add(4)
        map.add(4)
        #expect(plan(map).stretches == kib(0..<8, 140..<148))
    }

    @Test func whatCannotBecomeFewerIsLeftAlone() {
        var map = Map()
        map.add(60)
        map.add(60)
        #expect(plan(map).stretches.isEmpty)
        map.hole(4)
        for _ in 0..<6 { map.add(8) }
        #expect(plan(map).stretches == kib(124..<172))
    }

    @Test func anExtentSavedMustBeWorthItsBytes() {
        var map = Map()
        map.add(20)
        map.add(13)
        #expect(plan(map).stretches.isEmpty)
        map.add(1)
        #expect(plan(map).stretches == kib(0..<34))
    }

    @Test func aWindowEndsWhereItIsFullAndTheNextContinues() {
        var map = Map()
        for _ in 0..<40 { map.add(4) }
        let first = plan(map, window: 64)
        #expect(first.stretches == kib(0..<64))
        #expect(first.next == 64 * Self.kib)
        let second = plan(map, from: 64, window: 64)
        #expect(second.stretches == kib(64..<128))
        let third = plan(map, from: 128, window: 64)
        #expect(third.stretches == kib(128..<160))
        #expect(third.next == map.size)
    }

    @Test func aFullWindowEndsAligned() {
        var map = Map()
        map.hole(4)
        for _ in 0..<40 { map.add(4) }
        var planner = Planner(
            criteria: .init(
                target: 65536, window: 65536, alignment: 32768, sharing: .preserve, budget: 0), from: 0,
            to: map.size)
        for record in map.records { _ = planner.add(record) }
        let plan = planner.finish()
        #expect(plan.stretches == kib(4..<64))
        #expect(plan.next == 65536)
    }

    @Test func aStretchWithoutSpaceInTheWindowStartsTheNextOne() {
        var map = Map()
        for _ in 0..<15 { map.add(4) }
        map.hole(4)
        map.add(8)
        map.add(8)
        let first = plan(map, window: 64)
        #expect(first.stretches == kib(0..<60))
        #expect(first.next == 64 * Self.kib)
        #expect(plan(map, from: 64, window: 64).stretches == kib(64..<80))
    }

    @Test func extentsThatFillWindowsAreNotAWindow() {
        var map = Map()
        for _ in 0..<10 { map.add(40) }
        let plan = plan(map, target: 400, window: 20)
        #expect(plan.stretches.isEmpty)
        #expect(plan.next == map.size)
    }

    @Test func smallSharedExtentsAreRewrittenWithinTheBudgetOnly() {
        var map = Map()
        for _ in 0..<4 { map.add(8, shared: true) }
        let all = plan(map, budget: 32)
        #expect(all.stretches == kib(0..<32))
        #expect(all.shared == 32 * Self.kib)
        #expect(!all.isOverBudget)
        let some = plan(map, budget: 20)
        #expect(some.stretches == kib(0..<16))
        #expect(some.isOverBudget)
        let none = plan(map, budget: 0)
        #expect(none.stretches.isEmpty)
        #expect(none.isOverBudget)
    }

    @Test func aSharedExtentWithoutNeighboursCostsNoBudget() {
        var map = Map()
        map.add(8, shared: true)
        map.hole(8)
        map.add(64, shared: true)
        let plan = plan(map, budget: 0)
        #expect(plan.stretches.isEmpty)
        #expect(!plan.isOverBudget)
    }

    @Test func unshareTakesLongSharedExtentsAndLeavesLongPrivateOnes() {
        var map = Map()
        map.add(128, shared: true)
        map.add(128)
        map.add(4, shared: true)
        map.add(128)
        #expect(plan(map, sharing: .unshare, budget: 0).stretches == kib(0..<128, 256..<260))
        #expect(plan(map, sharing: .preserve).stretches.isEmpty)
    }

    @Test func theLastBlockIsPartOfAStretch() {
        var map = Map()
        map.add(4)
        map.add(4)
        var planner = Planner(
            criteria: .init(target: 65536, window: 1 << 20, alignment: 4096, sharing: .preserve, budget: 0),
            from: 0, to: 8192)
        for record in map.records { _ = planner.add(record) }
        // Preallocation beyond the end does not count.
        let wantsMore = planner.add(Extent(offset: 8192, physical: 0, length: 4096))
        #expect(!wantsMore)
        let plan = planner.finish()
        #expect(plan.stretches == [0..<8192])
    }

    @Test func tinyIslandsEndAWindowByTheirNumber() {
        var map = Map()
        for _ in 0..<Planner.maxStretches + 10 {
            map.add(4)
            map.add(4)
            map.hole(4)
        }
        let plan = plan(map, window: 1 << 20)
        #expect(plan.stretches.count == Planner.maxStretches)
        #expect(plan.next < map.size)
    }
}
