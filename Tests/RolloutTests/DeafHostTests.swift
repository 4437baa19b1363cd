import Contract
import DefragTypes
import Foundation
import Testing

@testable import Rollout

@Suite("Hosts that cannot consume their queue")
struct DeafHostTests {
    private static let deaf = hostState(accepted: [], deaf: "403 access refused")
    private static let hearing = hostState(accepted: [])

    /// Lets the time pass, while host `a` says every 10 s how it is.
    private func pass(_ seconds: Int, _ state: HostState, _ bench: inout Bench) {
        for _ in 0..<seconds / 10 {
            bench.wait(10)
            bench.hear("a", .hostState(state))
        }
    }

    @Test("are given no slices until they can")
    func slices() {
        var bench = Bench(files: [3])
        bench.hear("a", .hostState(Self.deaf))
        bench.finish(0)
        pass(300, Self.deaf, &bench)
        #expect(bench.inFlight == [])
        #expect(bench.actions.slices.count == 1)
        bench.hear("a", .hostState(Self.hearing))
        #expect(bench.inFlight == [1])
    }

    @Test("are given no slot")
    func slots() {
        var bench = Bench(files: [1, 1, 1], strategy: .init(concurrency: .number(1)))
        bench.hear("b", .hostState(Self.deaf))
        bench.finishHost("a")
        #expect(bench.active == "c")
        bench.finishHost("c")
        #expect(bench.active == "")
        bench.hear("b", .hostState(Self.hearing))
        bench.wait(1)
        #expect(bench.active == "b")
    }

    @Test(
        "are given up after giveUpAfter, with what they say, and others get the slot",
        arguments: [false, true])
    func givenUp(isInFlight: Bool) {
        let strategy = RolloutSpec.Strategy(concurrency: .number(1), slice: 600, giveUpAfter: 900)
        var bench = Bench(files: [2, 1], strategy: strategy)
        if !isInFlight { bench.finish(0) }
        bench.hear("a", .hostState(Self.deaf))
        if !isInFlight { bench.finish(1, .failed, .ioError) }
        pass(890, Self.deaf, &bench)
        #expect(bench.rollout.hosts[0].state.phase == .active)
        pass(10, Self.deaf, &bench)
        #expect(bench.rollout.hosts[0].state.phase == .givenUp)
        #expect(
            bench.rollout.hosts[0].state.givenUp == "lives but cannot consume its queue: 403 access refused")
        #expect(bench.rollout.targets[1].state == .failed(.hostLost))
        #expect(bench.active == "b")
    }

    @Test("a host that is deaf now and then begins its time each time")
    func nowAndThen() {
        var bench = Bench(files: [2], strategy: .init(giveUpAfter: 60))
        for _ in 0..<10 {
            pass(50, Self.deaf, &bench)
            pass(10, Self.hearing, &bench)
        }
        #expect(bench.rollout.hosts[0].state.phase == .active)
    }

    @Test(
        "their survey is requested once, and given up in their own words after giveUpAfter; of a plan after a minute",
        arguments: [
            (0, false, 60), (60, false, 60), (900, false, 900), (3000, false, 3000), (900, true, 60),
        ])
    func survey(giveUpAfter: Double, isPlanOnly: Bool, seconds: Int) {
        var bench = Bench(
            files: [0], strategy: .init(giveUpAfter: giveUpAfter), isPlanOnly: isPlanOnly, answering: 0)
        bench.hear("a", .hostState(Self.deaf))
        pass(seconds - 10, Self.deaf, &bench)
        #expect(bench.rollout.hosts[0].state.phase == .surveying)
        pass(10, Self.deaf, &bench)
        #expect(bench.actions.count { if case .survey = $0 { true } else { false } } == 1)
        #expect(
            bench.rollout.hosts[0].state.givenUp == "lives but cannot consume its queue: 403 access refused")
        #expect(bench.rollout.state.phase == (isPlanOnly ? .planned : .completedWithFailures))
    }

    @Test("a host that hears again is not asked twice, and has its time")
    func hearsAgain() {
        var bench = Bench(files: [1], strategy: .init(giveUpAfter: 7200), answering: 0)
        pass(3600, Self.deaf, &bench)
        pass(590, Self.hearing, &bench)
        #expect(bench.actions.count { if case .survey = $0 { true } else { false } } == 1)
        pass(20, Self.hearing, &bench)
        #expect(bench.actions.count { if case .survey = $0 { true } else { false } } == 2)
    }

    @Test("one does not keep the others from their surveys' end")
    func others() {
        var bench = Bench(
            files: [1, 1], strategy: .init(concurrency: .number(1), giveUpAfter: 60), answering: 1)
        bench.hear("b", .hostState(Self.deaf))
        #expect(bench.rollout.state.phase == .surveying)
        bench.wait(60)
        #expect(bench.rollout.state.phase == .running)
        #expect(bench.active == "a")
    }

    @Test("while it is paused, no host is given up for it")
    func paused() throws {
        var bench = Bench(files: [2], strategy: .init(giveUpAfter: 60))
        try bench.carryOut(.pause)
        pass(600, Self.deaf, &bench)
        #expect(bench.rollout.hosts[0].state.phase != .givenUp)
    }
}
