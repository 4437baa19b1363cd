import Testing

@testable import Defrag

@Suite("Windows that do not gain") struct GainWatchTests {
    private func plan(extents: Int) -> WindowPlan {
        var plan = WindowPlan(next: 16 << 20)
        plan.stretches = [0..<16 << 20]
        plan.bytes = 16 << 20
        plan.extents = extents
        return plan
    }

    /// What is advised on a window of `next` extents after windows of (before, after) extents.
    private func advice(_ windows: [(Int, Int)], next: Int) -> GainWatch.Advice {
        var watch = GainWatch()
        for (before, after) in windows { watch.learn(plan(extents: before), extents: after) }
        return watch.advice(on: plan(extents: next))
    }

    @Test(
        "stop the run after four badly broken ones in a row, and only then",
        arguments: [
            ([], .rewrite), ([(1000, 1000), (1000, 900), (1000, 1100)], .rewrite),
            ([(1000, 1000), (1000, 900), (1000, 1100), (1000, 801)], .stop),
            ([(1000, 1000), (1000, 1000), (1000, 1000), (1000, 800)], .rewrite),
            ([(1000, 1000), (1000, 1000), (1000, 10), (1000, 1000), (1000, 1000)], .rewrite),
            ([(4, 4), (4, 4), (4, 4), (4, 4), (4, 4)], .rewrite),
        ] as [([(Int, Int)], GainWatch.Advice)])
    func bad(windows: [(Int, Int)], advised: GainWatch.Advice) {
        #expect(advice(windows, next: 1000) == advised)
    }

    @Test("are skipped when they are nearly contiguous, as others may still gain")
    func mild() {
        let windows = Array(repeating: (4, 4), count: 4)
        #expect(advice(windows, next: 4) == .skip)
        #expect(advice(windows, next: 1000) == .rewrite)
        #expect(advice(windows + [(1000, 3)], next: 4) == .skip)
        #expect(advice(windows.dropLast() + [(4, 3)], next: 4) == .rewrite)
    }
}
