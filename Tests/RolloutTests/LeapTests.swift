import Foundation
import Testing

@testable import Rollout

@Suite("Leaps of the clock and standstills")
struct LeapTests {
    @Test(
        "leave the timeout of a slice as it was, and end with it all the same",
        arguments: [
            // Seconds of each standstill, seconds of life after it, and when the slice is given up: 240 s of life.
            (6, 2, 960), (1000, 60, 4240), (0, 1, 240), (400 * 86_400, 300, 400 * 86_400 + 240),
        ] as [(TimeInterval, TimeInterval, TimeInterval)])
    func slice(standstill: TimeInterval, life: TimeInterval, end: TimeInterval) {
        var bench = Bench(files: [1])
        let start = bench.now
        while bench.rollout.targets[0].fruitless == 0, bench.now.timeIntervalSince(start) < 2 * end {
            bench.now += standstill
            if standstill > 0 { bench.take(.leapt(by: standstill)) }
            for _ in 0..<Int(life) where bench.rollout.targets[0].fruitless == 0 { bench.wait(1) }
        }
        #expect(bench.now.timeIntervalSince(start) == end)
    }

    @Test("end no soak", arguments: [30, 7200, 400 * 86_400] as [TimeInterval])
    func soak(leap: TimeInterval) {
        var bench = Bench(files: [1, 1], strategy: .init(canary: .init(hosts: 1, soak: 600)))
        bench.finishHost("a")
        for step in [leap, -leap, leap] {
            bench.now += step
            bench.take(.leapt(by: step))
            bench.wait(1)
            #expect(bench.active == "")
        }
        bench.wait(600)
        #expect(bench.active == "b")
    }

    @Test("give up no lost host")
    func lostHost() {
        var bench = Bench(files: [1, 1], strategy: .init(giveUpAfter: 900))
        bench.take(.lost(name("a")))
        bench.finishHost("b")
        bench.wait(100)
        bench.now += 7200
        bench.take(.leapt(by: 7200))
        bench.wait(799)
        #expect(bench.rollout.hosts[0].state.phase == .waiting)
        bench.wait(1)
        #expect(bench.rollout.hosts[0].state.phase == .givenUp)
    }
}
