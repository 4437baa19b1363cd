import Contract
import DefragTypes
import Foundation
import Testing

@testable import Rollout

@Suite("Two rollouts over the same hosts")
struct SharedHostTests {
    /// What suspends a rollout, and lets it go on.
    enum Suspension: CaseIterable {
        case pause, errorBudget, window

        var strategy: RolloutSpec.Strategy {
            var strategy = RolloutSpec.Strategy(errorBudget: .number(0), attempts: 1)
            guard self == .window else { return strategy }
            // The bench's time begins at 8:00.
            strategy.windows = [("00:00", "08:01"), ("08:02", "09:00")].compactMap { from, to in
                guard let from = MaintenanceWindow.TimeOfDay(from), let to = MaintenanceWindow.TimeOfDay(to)
                else { return nil }
                return MaintenanceWindow(from: from, to: to)
            }
            return strategy
        }

        func begin(_ bench: inout Bench) throws {
            switch self {
            case .pause: try bench.carryOut(.pause)
            case .errorBudget: bench.finish(2, .failed, .ioError)
            case .window: bench.wait(60)
            }
        }

        func end(_ bench: inout Bench) throws {
            switch self {
            case .pause, .errorBudget: try bench.carryOut(.resume)
            case .window: bench.wait(60)
            }
        }
    }

    /// Two rollouts, as a coordinator has them: the first on hosts a and b, the second on host a.
    struct Pair {
        var first: Bench
        var second: Bench

        init(_ suspension: Suspension) {
            first = Bench(files: [2, 2], strategy: suspension.strategy)
            let one = first.rollout
            second = Bench(files: [2], isTaken: { one.isAtWork(on: $0) })
        }

        /// Time passes for both, the first one first.
        mutating func wait(_ seconds: TimeInterval = 1) {
            let other = second.rollout
            first.isTaken = { other.isAtWork(on: $0) }
            first.wait(seconds)
            let one = first.rollout
            second.isTaken = { one.isAtWork(on: $0) }
            second.now = first.now - seconds
            second.wait(seconds)
            #expect(!areBothAtWork)
        }

        /// Whether both have a slice in flight on the same host.
        var areBothAtWork: Bool {
            let hosts = [first, second].map { bench in
                Set(bench.inFlight.map { bench.rollout.hosts[bench.rollout.targets[$0].host].name })
            }
            return !hosts[0].isDisjoint(with: hosts[1])
        }
    }

    @Test(
        "a suspended rollout holds a host while its slice is in flight, then releases it, and waits for it when it goes on",
        arguments: Suspension.allCases, [false, true])
    func released(suspension: Suspension, restarts: Bool) throws {
        var pair = Pair(suspension)
        #expect(pair.second.active == "")
        try suspension.begin(&pair.first)
        #expect(pair.first.rollout.isAtWork(on: name("a")))
        pair.second.now = pair.first.now
        pair.wait()
        #expect(pair.second.active == "")
        #expect(pair.first.actions.desires.suffix(1) != ["a run"])

        // Its slice stops: the host is free, and nothing is wanted of it any more.
        let before = pair.first.actions.count
        pair.first.finish(0, .partial, .paused, next: .zero)
        #expect(pair.first.actions[before...].desires == ["a run"])
        #expect(!pair.first.rollout.isAtWork(on: name("a")))
        pair.wait()
        #expect(pair.second.active == "a")
        if restarts { try pair.first.restart() }

        // It goes on, and the host is taken.
        let other = pair.second.rollout
        pair.first.isTaken = { other.isAtWork(on: $0) }
        try suspension.end(&pair.first)
        pair.first.hear("a", .hostState(hostState()))
        pair.wait()
        #expect(!pair.first.active.contains("a"))
        pair.second.finish(0)
        pair.wait()
        #expect(!pair.first.active.contains("a"))
        pair.second.finish(1)
        #expect(pair.second.rollout.state.phase == .completed)
        pair.wait()
        #expect(pair.first.active.contains("a"))
        #expect(pair.first.inFlight.contains(0))
    }

    @Test("nobody else came: it goes on where it was", arguments: Suspension.allCases)
    func alone(suspension: Suspension) throws {
        var bench = Bench(files: [2, 2], strategy: suspension.strategy)
        try suspension.begin(&bench)
        for target in bench.inFlight { bench.finish(target, .partial, .paused, next: 4096) }
        #expect(bench.active == "")
        #expect(bench.rollout.activeHosts == 0)
        try suspension.end(&bench)
        for host in ["a", "b"] { bench.hear(host, .hostState(hostState())) }
        #expect(bench.active == "ab")
        #expect(bench.inFlight == (suspension == .errorBudget ? [0, 3] : [0, 2]))
        #expect(bench.actions.slices.last { $0.target == 0 }?.from == 4096)
    }

    @Test("a slot that is given back during a canary or a ramp is given again", arguments: [true, false])
    func stages(isCanary: Bool) throws {
        let strategy =
            isCanary ? RolloutSpec.Strategy(canary: .init(hosts: 1, soak: 60)) : .init(ramp: [1, 2])
        var bench = Bench(files: [1, 1, 1], strategy: strategy)
        try bench.carryOut(.pause)
        bench.finish(0, .partial, .paused, next: .zero)
        #expect(bench.active == "")
        try bench.carryOut(.resume)
        bench.hear("a", .hostState(hostState()))
        #expect(bench.active == "a")
        bench.finish(0)
        bench.wait(60)
        #expect(bench.active == "bc")
    }
}
