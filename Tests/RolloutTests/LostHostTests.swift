import Contract
import DefragTypes
import Foundation
import Testing

@testable import Rollout

@Suite("Lost hosts")
struct LostHostTests {
    @Test("while no host can be heard, no host's absence grows")
    func brokerAway() {
        var bench = Bench(files: [1, 1], strategy: .init(giveUpAfter: 900))
        bench.take(.lost(name("a")))
        bench.finishHost("b")
        bench.now += 10_000
        bench.hear("b", .unknown(type: "late"))
        bench.take(.reconnected)
        bench.wait(899)
        #expect(bench.rollout.hosts[0].state.phase == .waiting)
        bench.wait(1)
        #expect(bench.rollout.hosts[0].state.phase == .givenUp)
    }

    @Test("a clock that is set back makes no wait longer")
    func clockSetBack() {
        var bench = Bench(files: [1, 1, 1], strategy: .init(canary: .init(hosts: 1, soak: 600), attempts: 2))
        bench.take(.lost(name("c")))
        bench.finish(0, .failed, .ioError)
        bench.now -= 100_000
        bench.take(.reconnected)
        bench.wait(30)
        #expect(bench.inFlight == [0])
        bench.finishHost("a")
        bench.now -= 100_000
        bench.take(.reconnected)
        bench.wait(600)
        #expect(bench.active == "b")
        bench.finishHost("b")
        bench.wait(300)
        #expect(bench.rollout.state.phase == .completedWithFailures)
    }

    @Test("after a restart it has a moment to be heard, but no new timeout")
    func restart() throws {
        var bench = Bench(files: [1, 1], strategy: .init(giveUpAfter: 900))
        bench.take(.lost(name("a")))
        bench.finishHost("b")
        for _ in 0..<3 {
            bench.now += 10_000
            try bench.restart()
            bench.wait(29)
            #expect(bench.rollout.hosts[0].state.phase == .waiting)
        }
        bench.wait(1)
        #expect(bench.rollout.state.phase == .completedWithFailures)
    }

    @Test("what it still has to do does not run beside the host that took its slot")
    func itsSlice() throws {
        var bench = Bench(files: [2, 1, 1], strategy: .init(concurrency: .number(1)))
        #expect(bench.take(.lost(name("a"))).desires == ["a pause"])
        #expect(bench.take(.returned(name("a"))).desires == [])
        #expect(bench.finish(0, .partial, .paused, next: .zero).desires == ["a run"])

        // It gets a slot while its slice is still out.
        bench = Bench(files: [2, 1], strategy: .init(concurrency: .number(1)))
        bench.take(.lost(name("a")))
        bench.take(.returned(name("a")))
        #expect(bench.finish(2).desires == ["a run"])
        #expect(bench.active == "a")

        bench = Bench(files: [1, 1])
        try bench.carryOut(.drain)
        #expect(bench.take(.lost(name("a"))).desires == [])
    }

    @Test("its desired state is released once it has no work of the rollout")
    func released() throws {
        var bench = Bench(files: [2, 1, 1], strategy: .init(giveUpAfter: 900))
        try bench.carryOut(.pause)
        #expect(bench.finish(0, .partial, .paused, next: .zero).desires == ["a run"])
        #expect(bench.take(.lost(name("a"))).desires == [])

        bench = Bench(files: [2, 1, 1], strategy: .init(slice: 600, giveUpAfter: 900))
        bench.take(.lost(name("a")))
        bench.wait(500)
        bench.take(.lost(name("c")))
        bench.finishHost("b")
        let before = bench.actions.count
        bench.wait(400)
        #expect(bench.rollout.hosts[0].state.phase == .givenUp)
        #expect(bench.actions[before...].desires == ["a run"])
        // Another rollout may want something else of it by now.
        bench.wait(500)
        #expect(bench.rollout.state.phase == .completedWithFailures)
        #expect(bench.actions[before...].desires == ["a run", "c run"])
    }

    @Test("what was in its queue when a rollout was cancelled is not done")
    func cancelled() throws {
        var bench = Bench(files: [2, 1])
        bench.take(.lost(name("a")))
        try bench.carryOut(.cancel)
        bench.finish(2, .partial, .paused, next: .zero)
        #expect(bench.rollout.state.phase == .cancelled)
        #expect(bench.rollout.targets.map(\.state) == [.pending, .pending, .pending])
        #expect(bench.inFlight == [])
        try bench.restart()
        #expect(bench.rollout.targets.map(\.state) == [.pending, .pending, .pending])
    }

    @Test("its files fail one by one when it is given up; at the very end that pauses nothing")
    func accounted() {
        var bench = Bench(files: [2, 1], strategy: .init(errorBudget: .number(1), giveUpAfter: 900))
        bench.take(.lost(name("a")))
        bench.finishHost("b")
        bench.wait(900)
        #expect(bench.actions.announcements.contains(.targetEnded(0)))
        #expect(bench.actions.announcements.contains(.targetEnded(1)))
        #expect(bench.rollout.state.failures == 3)
        #expect(bench.rollout.state.phase == .completedWithFailures)
        #expect(bench.rollout.state.pause == nil)
    }

    @Test("when the budget is exceeded, hosts that are still awaited get another chance")
    func budget() throws {
        let strategy = RolloutSpec.Strategy(errorBudget: .number(3), slice: 600, giveUpAfter: 900)
        var bench = Bench(files: [2, 1, 1], strategy: strategy)
        bench.take(.lost(name("a")))
        bench.wait(500)
        bench.take(.lost(name("b")))
        bench.finishHost("c")
        bench.wait(400)
        #expect(bench.rollout.state.failures == 4)
        #expect(bench.rollout.state.pause == .errorBudget)
        bench.wait(10_000)
        #expect(bench.rollout.hosts[1].state.phase == .waiting)
        try bench.carryOut(.resume)
        bench.wait(1)
        #expect(bench.rollout.state.phase == .completedWithFailures)
    }
}
