import Testing

@testable import Defrag

@Suite("Windows that do not gain") struct GainWatchTests {
    private func plan(extents: Int) -> WindowPlan {
        var plan = WindowPlan(next: 16 << 20)
        plan.runs = [0..<16 << 20]
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
            ([], .lay), ([(1000, 1000), (1000, 900), (1000, 1100)], .lay),
            ([(1000, 1000), (1000, 900), (1000, 1100), (1000, 801)], .stop),
            ([(1000, 1000), (1000, 1000), (1000, 1000), (1000, 800)], .lay),
            ([(1000, 1000), (1000, 1000), (1000, 10), (1000, 1000), (1000, 1000)], .lay),
            ([(4, 4), (4, 4), (4, 4), (4, 4), (4, 4)], .lay),
        ] as [([(Int, Int)], GainWatch.Advice)])
    func bad(windows: [(Int, Int)], advised: GainWatch.Advice) {
        #expect(advice(windows, next: 1000) == advised)
    }

    @Test("are passed over when they are nearly whole, as others still may gain")
    func mild() {
        let windows = Array(repeating: (4, 4), count: 4)
        #expect(advice(windows, next: 4) == .leave)
        #expect(advice(windows, next: 1000) == .lay)
        #expect(advice(windows + [(1000, 3)], next: 4) == .leave)
        #expect(advice(windows.dropLast() + [(4, 3)], next: 4) == .lay)
    }
}
