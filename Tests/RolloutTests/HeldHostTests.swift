import Contract
import DefragTypes
import Foundation
import Testing

@testable import Rollout

@Suite("Hosts that an operator holds")
struct HeldHostTests {
    @Test("are sent nothing until they are released, whatever their worker says")
    func slices() throws {
        var bench = Bench(files: [3])
        bench.take(.held(name("a"), true))
        bench.finish(0, .partial, .paused)
        bench.hear("a", .hostState(hostState()))
        bench.wait(60)
        #expect(bench.inFlight == [])
        // No command of the rollout lifts it.
        try bench.carryOut(.pause)
        try bench.carryOut(.resume)
        try bench.carryOut(.set(PolicyOverrides()))
        #expect(bench.actions.slices.count == 1)
        bench.take(.held(name("a"), false))
        #expect(bench.inFlight == [0])
    }

    @Test("give their slot to another host, and have it again when it is free")
    func slots() {
        var bench = Bench(files: [2, 1], strategy: .init(concurrency: .number(1)))
        #expect(bench.active == "a")
        bench.take(.held(name("a"), true))
        #expect(bench.active == "a", "its slice is out")
        bench.finish(0, .partial, .paused)
        #expect(bench.active == "b")
        bench.take(.held(name("a"), false))
        #expect(bench.active == "b")
        bench.hear("a", .hostState(hostState()))
        bench.finishHost("b")
        #expect(bench.active == "a")
    }

    @Test("are held also in a rollout that begins, or goes on after a restart")
    func fromTheBeginning() {
        var rollout = Bench(files: [1]).rollout
        rollout.hold([name("a"), name("unknown")])
        #expect(rollout.hosts[0].isHeld)
        let actions = rollout.continueAfterRestart(at: Date(timeIntervalSince1970: 1_800_000_000))
        #expect(actions.slices.isEmpty)
    }

    @Test("do not end a rollout: it waits for them")
    func unfinished() {
        var bench = Bench(files: [1, 1])
        bench.take(.held(name("b"), true))
        bench.finishHost("a")
        bench.finish(1, .partial, .paused)
        bench.wait(3600)
        #expect(bench.rollout.state.phase == .running)
    }
}

@Suite("Slices that come too late for their window")
struct LateSliceTests {
    @Test("are tried again later, and do not count as failed attempts")
    func windowClosed() {
        var bench = Bench(files: [1], strategy: .init(attempts: 1, backOff: 30))
        bench.finish(0, .partial, .windowClosed, next: .zero)
        #expect(bench.inFlight == [])
        #expect(
            bench.actions.announcements.allSatisfy { if case .attemptFailed = $0 { false } else { true } })
        bench.wait(10)
        #expect(bench.inFlight == [])
        bench.wait(30)
        #expect(bench.inFlight == [0])
        bench.finish(0)
        #expect(bench.rollout.state.phase == .completed)
    }
}
