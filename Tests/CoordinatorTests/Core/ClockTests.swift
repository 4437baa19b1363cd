import Contract
import DefragTypes
import Foundation
import Rollout
import Testing

@testable import Coordinator
@testable import ReflowAPI

@Suite("A clock that is set", .timeLimit(.minutes(1))) struct ClockTests {
    private static let start = ClockReading(wall: Date(timeIntervalSince1970: 1_800_000_000), uptime: 5000)
    private static let day: TimeInterval = 86_400

    private func later(_ wall: TimeInterval, _ run: TimeInterval) -> ClockReading {
        ClockReading(wall: Self.start.wall + wall, uptime: Self.start.uptime + run)
    }

    @Test(
        "is told from time that has passed",
        arguments: [
            (1, 1, nil), (1000, 1000, nil), (6, 1, nil), (7, 1, 6), (-10, 1, -11), (86_400, 0, 86_400),
        ] as [(TimeInterval, TimeInterval, TimeInterval?)])
    func leap(wall: TimeInterval, run: TimeInterval, leap: TimeInterval?) {
        var watch = ClockWatch()
        _ = watch.resume(nil, newest: nil, at: Self.start)
        #expect(watch.read(later(wall, run)) == leap)
        #expect(watch.read(later(wall + 1, run + 1)) == nil, "told once")
    }

    @Test(
        "or at a restart: what the clock that only runs does not confirm was watched by nobody",
        arguments: [
            // The coordinator was away; stood in a crash loop; the machine was off, for long; the clock was set, back too.
            (3600, 3600, 0), (10, 10, 0), (300, -4000, 300), (10_000, 4900, 10_000),
            (34_560_000, 10, 34_560_000),
            (-5000, 10, -5000),
        ] as [(TimeInterval, TimeInterval, TimeInterval)])
    func restart(wall: TimeInterval, run: TimeInterval, unwatched: TimeInterval) {
        var watch = ClockWatch()
        let stored = ClockWatch.Stored(reading: Self.start, trusted: Self.start.wall)
        #expect(watch.resume(stored, newest: nil, at: later(wall, run)) == unwatched)
        #expect(watch.trusted == Self.start.wall)
    }

    @Test(
        "makes nothing old: ages are counted from a time that moves on twice as fast as time at most",
        arguments: [
            // By how much it is set, for how many days it stays so, and how much older things are then, in days.
            (400, 1, 2), (400, 10, 20), (-400, 1, -399), (0, 3, 3), (1, 3, 4),
        ] as [(Double, Double, Double)])
    func horizon(leap: Double, days: Double, age: Double) {
        var watch = ClockWatch()
        _ = watch.resume(nil, newest: nil, at: Self.start)
        for minute in 1...Int(days * 1440) {
            _ = watch.read(later(leap * Self.day + Double(minute) * 60, Double(minute) * 60))
        }
        let now = later((leap + days) * Self.day, days * Self.day).wall
        #expect(abs(watch.horizon(now).timeIntervalSince(Self.start.wall) / Self.day - age) < 0.01)
        // Set right again, it is believed as before.
        let right = later(days * Self.day + 60, days * Self.day + 60)
        _ = watch.read(right)
        #expect(abs(watch.horizon(right.wall).timeIntervalSince(right.wall)) < 1)
    }

    @Test("a store without a time begins with its newest record")
    func unknown() {
        var watch = ClockWatch()
        _ = watch.resume(nil, newest: Self.start.wall, at: later(400 * Self.day, 0))
        #expect(watch.trusted == Self.start.wall)
    }

    /// A rollout of `a` and `b` whose canary `a` is done, with a soak of ten minutes.
    private func soaking() async throws -> (CoreBench, id: String) {
        let bench = try await CoreBench()
        for host in ["a", "b"] { await bench.hear(host, .hostState(.living())) }
        let spec = CoreBench.spec(["a", "b"]) + "\nstrategy: {canary: {hosts: 1, soak: 10m}}\n"
        let id = try await bench.core.startRollout(spec: spec, by: "ada").id
        for message in try await bench.publish() {
            try await bench.answerSurvey(
                try #require(message.task), of: try #require(message.host), job: id)
        }
        try await bench.answer(try #require(try await bench.publish().first { $0.kind == .slice }))
        try await bench.wait(60, hearing: "a", "b")
        #expect(try await bench.core.rollout(id).stage.name == .soak)
        return (bench, id)
    }

    /// What happens while the clock is set by 400 days.
    enum Occasion: CaseIterable { case nothing, brokerAway, restart, reboot }

    @Test(
        "ends no soak, whenever it is set, and it takes no longer than what is left",
        arguments: Occasion.allCases)
    func soak(occasion: Occasion) async throws {
        var (bench, id) = try await soaking()
        func stage() async throws -> RolloutStatus.Stage.Name { try await bench.core.rollout(id).stage.name }
        if occasion == .brokerAway {
            await bench.take(.away(.link(.consuming), "away"))
            try await bench.wait(5)
        }
        bench.jump(400 * Self.day, isSet: true)
        switch occasion {
        case .nothing: break
        case .brokerAway:
            try await bench.wait(5)
            await bench.reachBroker()
        case .restart, .reboot:
            if occasion == .reboot { bench.reboot() }
            try await bench.restart()
            await bench.reachBroker()
        }
        for host in ["a", "b"] { await bench.hear(host, .hostState(.living())) }
        try await bench.wait(500, hearing: "a", "b")
        #expect(try await stage() == .soak)
        try await bench.wait(120, hearing: "a", "b")
        #expect(try await stage() == .full)
        let told = try bench.log.contains { $0.hasPrefix("the clock was set forward by") }
        #expect(told == (occasion == .nothing || occasion == .brokerAway))
    }

    @Test("a coordinator that was away on a machine that ran has a shorter soak left")
    func away() async throws {
        var (bench, id) = try await soaking()
        bench.jump(500)
        try await bench.restart()
        await bench.reachBroker()
        for host in ["a", "b"] { await bench.hear(host, .hostState(.living())) }
        try await bench.wait(61, hearing: "a", "b")
        #expect(try await bench.core.rollout(id).stage.name == .full)
    }

    @Test("forgets nothing", arguments: Occasion.allCases)
    func history(occasion: Occasion) async throws {
        var (bench, id) = try await CoreBench.working()
        _ = try await bench.core.cancel(id, by: "ada")
        let task = try #require(await bench.core.underWay[id]?.sliceTask(0))
        let result = DefragResult(path: "/", status: .partial, reason: .paused)
        await bench.hear("a", .sliceFinished(.init(task: task, job: id, result: result)))
        try await bench.wait(61, hearing: "a")
        #expect(try await bench.core.rollout(id).phase == .cancelled)
        bench.jump(1000 * Self.day, isSet: true)
        if occasion == .restart { try await bench.restart() }
        if occasion == .reboot {
            bench.reboot()
            try await bench.restart()
        }
        try await bench.wait(3700)
        #expect(try await bench.core.rollouts().map(\.id) == [id])
        #expect(try await bench.core.audit(before: nil, limit: 9).items.count == 2)
    }
}
