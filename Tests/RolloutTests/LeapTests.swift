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

    @Test("ask for no survey again")
    func survey() {
        var bench = Bench(files: [1], answering: 0)
        let first = bench.rollout.surveyTask(of: 0)
        bench.wait(500)
        bench.now += 7200
        bench.take(.leapt(by: 7200))
        bench.wait(99)
        #expect(bench.rollout.surveyTask(of: 0) == first)
        bench.wait(1)
        #expect(bench.rollout.surveyTask(of: 0) != first)
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

    @Test(
        "open a window only where the clock before says so, too, for a quarter of an hour; then the clock is believed",
        arguments: [
            // The time before, to which it is set, and whether the window from 22:00 to 05:00 is open at first.
            (12, 23, false), (23, 12, false), (23, 24 + 1, true), (24 + 1, 23, true), (12, 14, false),
        ] as [(Double, Double, Bool)])
    func windows(before: Double, after: Double, isOpen: Bool) throws {
        let midnight = Date(
            timeIntervalSince1970: 1_800_000_000 - 1_800_000_000.truncatingRemainder(dividingBy: 86_400))
        let night = MaintenanceWindow(
            from: try #require(.init(hour: 22, minute: 0)), to: try #require(.init(hour: 5, minute: 0)))
        func open(at hour: Double) -> Bool { [night].openUntil(at: midnight + hour * 3600) != nil }
        var hours = OpeningHours([night])
        let now = midnight + after * 3600
        _ = hours.openUntil(at: midnight + before * 3600)
        hours.clockWasSet(by: (after - before) * 3600, at: now)
        #expect((hours.openUntil(at: now) != nil) == isOpen)
        #expect((hours.openUntil(at: now + OpeningHours.settling - 1) != nil) == isOpen)
        #expect((hours.openUntil(at: now + OpeningHours.settling) != nil) == open(at: after))
        // To and fro within that time: as if nothing had been.
        hours = OpeningHours([night])
        hours.clockWasSet(by: (after - before) * 3600, at: now)
        hours.clockWasSet(by: (before - after) * 3600, at: midnight + before * 3600)
        #expect((hours.openUntil(at: midnight + before * 3600) != nil) == open(at: before))
    }

    @Test("a slice ends by the earlier of both ends")
    func earlierEnd() throws {
        let midnight = Date(
            timeIntervalSince1970: 1_800_000_000 - 1_800_000_000.truncatingRemainder(dividingBy: 86_400))
        let night = MaintenanceWindow(
            from: try #require(.init(hour: 22, minute: 0)), to: try #require(.init(hour: 5, minute: 0)))
        var hours = OpeningHours([night])
        // Half past four by the clock before, half past one now: by the one before, half an hour is left.
        let now = midnight + 1.5 * 3600
        hours.clockWasSet(by: -3 * 3600, at: now)
        #expect(hours.openUntil(at: now) == now + 1800)
    }
}
