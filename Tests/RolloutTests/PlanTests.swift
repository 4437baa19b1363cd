import Contract
import DefragTypes
import Foundation
import Testing

@testable import Rollout

@Suite("Plans")
struct PlanTests {
    @Test("a host's stage follows from its place in the order")
    func stages() {
        let strategy = RolloutSpec.Strategy(canary: .init(hosts: 2, soak: 0), ramp: [1, 2])
        let first = Rollout.Stage.ramp(step: 0, finished: 0)
        let second = Rollout.Stage.ramp(step: 1, finished: 0)
        #expect(
            (0...6).map(strategy.stage(ofRank:)) == [.canary, .canary, first, second, second, .full, .full])
        #expect(RolloutSpec.Strategy().stage(ofRank: 0) == .full)
    }

    @Test(
        "the time follows from the stages, the slots and the caps",
        arguments: [
            (RolloutSpec.Strategy(), [10.0, 20, 30], 30.0),
            (.init(concurrency: .number(1)), [10, 20, 30], 60),
            (.init(concurrency: .number(2)), [10, 10, 10, 10], 20),
            // Racks a, b, a, b.
            (.init(perLabel: ["rack": 1]), [10, 5, 20, 5], 30),
            (.init(canary: .init(hosts: 1, soak: 100)), [10, 20, 20], 130),
            (.init(canary: .init(hosts: 2, soak: 0), concurrency: .number(1)), [10, 20, 30], 60),
            (.init(canary: .init(hosts: 2, soak: 0), perLabel: ["rack": 1]), [10, 20, 30], 50),
            // No host follows, no host waits.
            (.init(canary: .init(hosts: 2, soak: 100)), [10], 10),
            (.init(ramp: [1, 2]), [10, 10, 10, 10], 30),
            (.init(ramp: [1, 2, 4]), [10], 10),
            (.init(), [], 0),
        ])
    func seconds(strategy: RolloutSpec.Strategy, hosts: [Double], seconds: Double) {
        let hosts = hosts.enumerated().map {
            (seconds: $1, labels: ["rack": $0.isMultiple(of: 2) ? "a" : "b"])
        }
        #expect(strategy.seconds(for: hosts) == seconds)
    }

    @Test("its speed is the policy's")
    func speed() {
        var policy = PolicyOverrides()
        policy.rate = .mebibytes(1)
        let bench = Bench(
            files: [3, 1], strategy: .init(concurrency: .number(1)), policy: policy, isPlanOnly: true)
        #expect(bench.rollout.expectedSeconds == 4)
    }

    @Test("warns of what an operator could overlook")
    func warnings() throws {
        func warnings(_ bench: Bench) -> [Rollout.Warning] { bench.rollout.warnings(at: bench.now) }
        #expect(warnings(Bench(files: [1], isPlanOnly: true)) == [])
        #expect(warnings(Bench(files: [0, 0], isPlanOnly: true)) == [.nothingMatches])
        var whole = Bench(files: [0, 0], isPlanOnly: true)
        whole.rollout.hosts[0].state.matched = 3
        #expect(warnings(whole) == [.nothingToDo(3)])
        var bench = Bench(
            files: [1, 1], strategy: .init(perLabel: ["row": 1]), isPlanOnly: true, answering: 1)
        bench.take(.lost(name("b")))
        #expect(warnings(bench) == [.silent([name("b")]), .unlabelled("row")])
        bench = Bench(files: [1, 2], isPlanOnly: true, obstacles: 1)
        #expect(warnings(bench) == [.leftAlone(2)])
        // It is eight o'clock.
        let (from, to) = (
            try #require(MaintenanceWindow.TimeOfDay("09:00")),
            try #require(MaintenanceWindow.TimeOfDay("10:00"))
        )
        bench = Bench(
            files: [1], strategy: .init(windows: [MaintenanceWindow(from: from, to: to)]), isPlanOnly: true)
        #expect(warnings(bench) == [.closed(until: bench.now + 3600)])
    }

    @Test("a host whose files all cannot be defragmented takes no part in order, shares and stages")
    func order() throws {
        var bench = Bench(files: [1, 2, 2], strategy: .init(concurrency: .percent(50)), obstacles: 1)
        #expect(bench.rollout.order == [1, 2])
        #expect(bench.active == "b")
        bench.finishHost("b")
        try bench.restart()
        #expect(bench.rollout.order == [1, 2])
    }
}
