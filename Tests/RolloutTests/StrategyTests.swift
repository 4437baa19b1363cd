import Contract
import DefragTypes
import Foundation
import Testing

@testable import Rollout

@Suite("Strategies")
struct StrategyTests {
    @Test("slots go to the hosts with the most to gain; the next one begins when one is free")
    func slots() {
        var bench = Bench(files: [1, 1, 1, 1], strategy: .init(concurrency: .number(2)))
        #expect(bench.active == "ab")
        bench.finishHost("b")
        #expect(bench.active == "ac")
    }

    @Test("a label's cap lets hosts of other values pass")
    func labels() {
        var bench = Bench(
            files: [1, 1, 1, 1], strategy: .init(perLabel: ["rack": 1]), racks: ["1", "1", "2", "2"])
        #expect(bench.active == "ac")
        bench.finishHost("a")
        #expect(bench.active == "bc")
    }

    @Test("each step of the ramp ends when as many hosts as it allows have finished in it")
    func ramp() {
        var bench = Bench(files: Array(repeating: 1, count: 10), strategy: .init(ramp: [1, 2, 4]))
        #expect(bench.active == "a")
        bench.finishHost("a")
        #expect(bench.active == "bc")
        bench.finishHost("b")
        #expect(bench.active == "cd")
        bench.finishHost("c")
        #expect(bench.active == "defg")
        for host in ["d", "e", "f"] { bench.finishHost(host) }
        #expect(bench.active == "ghij")
    }

    @Test("canaries go first, and no host follows before the soak is over")
    func canary() {
        var bench = Bench(files: [2, 1, 1], strategy: .init(canary: .init(hosts: 1, soak: 600)))
        #expect(bench.active == "a")
        bench.finishHost("a")
        #expect(bench.active == "")
        bench.wait(599)
        #expect(bench.active == "")
        bench.wait(1)
        #expect(bench.active == "bc")
    }

    @Test("a canary that is lost is replaced by the next host")
    func lostCanary() {
        var bench = Bench(files: [2, 1, 1], strategy: .init(canary: .init(hosts: 1, soak: 600)))
        bench.take(.lost(name("a")))
        #expect(bench.active == "b")
        bench.finishHost("b")
        #expect(bench.rollout.state.stage == .soak(until: bench.now + 600))
    }

    @Test(
        "where all hosts may work at once, no host waits for the slowest survey; where the order counts, all do",
        arguments: [
            (RolloutSpec.Strategy(), true), (.init(errorBudget: .number(1)), true),
            (.init(errorBudget: .percent(1)), false), (.init(concurrency: .number(1)), false),
            (.init(perLabel: ["rack": 1]), false), (.init(ramp: [1]), false),
            (.init(canary: .init(hosts: 1, soak: 0)), false),
        ])
    func earlyBeginning(strategy: RolloutSpec.Strategy, begins: Bool) {
        var bench = Bench(files: [1, 1], strategy: strategy, answering: 1)
        #expect(bench.actions.slices.map(\.target) == (begins ? [0] : []))
        #expect(!bench.actions.announcements.contains(.surveyed(targets: 1)))
        bench.take(.lost(name("b")))
        #expect(bench.actions.announcements.contains(.surveyed(targets: 1)))
        #expect(bench.actions.slices.map(\.target) == [0])
    }

    @Test("a slice ends with its window")
    func windowBudget() throws {
        // The test's time begins at 8:00.
        let from = try #require(MaintenanceWindow.TimeOfDay("00:00"))
        let to = try #require(MaintenanceWindow.TimeOfDay("08:01"))
        let window = MaintenanceWindow(from: from, to: to)
        var bench = Bench(files: [2], strategy: .init(windows: [window], slice: 600))
        let slice = try #require(bench.actions.slices.first)
        #expect(slice.seconds == 60)
        #expect(slice.notAfter == bench.now + 60)
        bench.wait(61)
        #expect(bench.actions.desires == ["a pause"])
        #expect(bench.finish(bench.inFlight[0], .partial, .paused, next: .zero).slices.isEmpty)
    }
}
