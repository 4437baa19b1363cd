import Contract
import DefragTypes
import Foundation
import Testing

@testable import Rollout

@Suite("When no host answers")
struct UnansweredTests {
    private static let strategy = RolloutSpec.Strategy(errorBudget: .number(0), attempts: 3, backOff: 30)

    /// Lets the time pass until it pauses or ends, and returns the seconds; `each` is called every second.
    private func secondsUntilPaused(
        _ bench: inout Bench, limit: Int = 3000, each: (inout Bench, Int) -> Void = { _, _ in }
    ) -> Int? {
        for second in 1...limit where bench.rollout.state.pause == nil && !bench.rollout.state.phase.isEnded {
            bench.wait(1)
            each(&bench, second)
            if bench.rollout.state.pause != nil { return second }
        }
        return nil
    }

    @Test(
        "it pauses, and nothing has failed",
        arguments: [
            // One file: its second attempt. Two of one host follow each other.
            ([1], 510), ([2], 480),
            // Hosts side by side: their first.
            ([1, 1], 240), ([3, 3, 3], 240),
        ], [1, 3])
    func pauses(of: (files: [Int], seconds: Int), attempts: Int) {
        let (files, seconds) = of
        var strategy = Self.strategy
        strategy.attempts = attempts
        var bench = Bench(files: files, strategy: strategy)
        let found = secondsUntilPaused(&bench)
        // A single attempt at a single file is no pattern.
        guard files != [1] || attempts > 1 else {
            #expect(bench.rollout.state.phase == .completedWithFailures)
            return
        }
        guard files != [2] || attempts > 1 else { return #expect(bench.rollout.state.pause == .errorBudget) }
        #expect(found == seconds)
        #expect(bench.rollout.state.pause == .unanswered)
        #expect(bench.rollout.state.failures == 0)
        let hosts = files.count
        #expect(bench.actions.announcements.contains(.unanswered(attempts: max(2, hosts), hosts: hosts)))
        #expect(!bench.actions.announcements.contains { if case .targetEnded = $0 { true } else { false } })
        let failed = bench.actions.announcements.filter {
            if case .attemptFailed = $0 { true } else { false }
        }
        #expect(failed.count == max(2, hosts))
        #expect(bench.inFlight == [])
    }

    @Test("it is kept over a restart, and resume begins anew", arguments: [false, true])
    func resumed(restarts: Bool) throws {
        var bench = Bench(files: [1, 1], strategy: Self.strategy)
        #expect(secondsUntilPaused(&bench) == 240)
        if restarts { try bench.restart() }
        #expect(bench.rollout.state.pause == .unanswered)
        #expect(bench.rollout.state.unanswered.attempts == 2)
        try bench.carryOut(.resume)
        // At once: nothing is left of the attempts.
        #expect(bench.inFlight == [0, 1])
        #expect(bench.rollout.targets.map(\.fruitless) == [0, 0])
        #expect(secondsUntilPaused(&bench) == 240)
        try bench.carryOut(.resume)
        for target in 0...1 { bench.finish(target) }
        #expect(bench.rollout.state.phase == .completed)
    }

    @Test("the count survives a restart before the pause")
    func restarted() throws {
        var bench = Bench(files: [1], strategy: Self.strategy)
        bench.wait(240)
        #expect(bench.rollout.state.unanswered.attempts == 1)
        try bench.restart()
        bench.wait(30)
        bench.wait(240)
        #expect(bench.rollout.state.pause == .unanswered)
    }

    @Test("one healthy host that answers keeps it from pausing: the other's files fail")
    func healthy() {
        var bench = Bench(files: [1, 50], strategy: .init(attempts: 3, backOff: 30))
        let paused = secondsUntilPaused(&bench) { bench, second in
            guard second.isMultiple(of: 60), let target = bench.inFlight.last, target > 0 else { return }
            bench.finish(target)
        }
        #expect(paused == nil)
        #expect(bench.rollout.targets[0].state == .failed(.noAnswer))
        #expect(bench.rollout.state.phase == .completedWithFailures)
    }

    @Test("so does one that is still at work on its slice, until it is silent, too")
    func working() {
        var bench = Bench(files: [1, 1], strategy: .init(attempts: 9, backOff: 30))
        let found = secondsUntilPaused(&bench, limit: 4000) { bench, second in
            guard second < 2000, second.isMultiple(of: 10) else { return }
            bench.hear("b", .hostState(hostState(accepted: [bench.rollout.sliceTask(1)])))
        }
        #expect(found == 1990 + 240)
    }

    @Test("so does one whose files are waited for", arguments: [Reason.busy, .ioError])
    func backingOff(reason: Reason) {
        var bench = Bench(files: [1, 1], strategy: .init(attempts: 3, backOff: 3000))
        bench.finish(1, reason == .busy ? .skipped : .failed, reason)
        bench.wait(240)
        bench.wait(3000)
        bench.wait(1)
        #expect(bench.rollout.state.pause == nil)
    }

    @Test("lost hosts, and hosts that are held, have no part in it", arguments: [false, true])
    func others(isLost: Bool) {
        var bench = Bench(files: [1, 1, 3], strategy: .init(attempts: 3, backOff: 30))
        if isLost {
            bench.take(.lost(name("c")))
        } else {
            bench.finish(2, .partial, .paused, next: .zero)
        }
        #expect(secondsUntilPaused(&bench) == 240)
    }

    @Test(
        "slices that cannot be delivered pause it, too, and in other words",
        arguments: [
            // Every host's: nothing can be sent.
            ("uu", .undeliverable, 2), ("uw", .unanswered, 1), ("ww", .unanswered, 0),
            // One host's: it is to blame.
            ("ua", nil, 0),
        ] as [(String, Rollout.Pause?, Int)])
    func undeliverable(hosts: String, pause: Rollout.Pause?, undeliverable: Int) throws {
        var bench = Bench(files: [1, 2], strategy: Self.strategy)
        for (target, way) in hosts.enumerated() {
            let host = bench.rollout.hosts[target].name
            switch way {
            case "u": bench.take(.undeliverable(task: bench.rollout.sliceTask(target), host, "has no queue"))
            case "a": bench.finish(target)
            default: break
            }
        }
        if hosts.contains("w") { bench.wait(240) }
        #expect(bench.rollout.state.pause == pause)
        #expect(bench.rollout.state.failures == 0)
        #expect(bench.rollout.state.unanswered.undeliverable == undeliverable)
        let told = bench.actions.announcements.compactMap {
            if case .unanswered(_, let undeliverable, _) = $0 { undeliverable } else { nil }
        }
        #expect(told == (pause == nil ? [] : [undeliverable]))
        guard pause != nil else { return }
        try bench.restart()
        #expect(bench.rollout.state.pause == pause)
        try bench.carryOut(.resume)
        #expect(bench.inFlight == [0, 1])
        #expect(bench.rollout.targets[0].fruitless == 0)
    }

    @Test("one host whose slices cannot be delivered fails by itself, while others answer")
    func oneUndeliverable() {
        var bench = Bench(files: [1, 9], strategy: .init(attempts: 3, backOff: 30))
        for attempt in 1...3 {
            let task = bench.rollout.sliceTask(0)
            let actions = bench.take(.undeliverable(task: task, name("a"), "has no queue"))
            #expect(
                actions.announcements.first
                    == .attemptFailed(
                        target: 0, attempt: attempt, of: 3, reason: .undeliverable, why: "a has no queue"))
            bench.finish(bench.inFlight.last ?? 0)
            bench.wait(120)
        }
        #expect(bench.rollout.targets[0].state == .failed(.undeliverable))
        #expect(bench.rollout.state.pause == nil)
    }

    @Test("a late answer is an answer")
    func late() {
        var bench = Bench(files: [1], strategy: Self.strategy)
        let task = bench.rollout.sliceTask(0)
        bench.wait(240)
        bench.hear(
            "a",
            .sliceFinished(
                SliceFinished(task: task, job: "r", result: DefragResult(path: "/", status: .done))))
        bench.wait(30)
        bench.wait(240)
        #expect(bench.rollout.state.pause == nil)
        #expect(bench.rollout.state.unanswered.attempts == 1)
    }

    @Test(
        "what is paused or cancelled anyway is not paused for it",
        arguments: [Rollout.Command.pause, .cancel])
    func suspended(command: Rollout.Command) throws {
        var bench = Bench(files: [1, 1], strategy: Self.strategy)
        try bench.carryOut(command)
        bench.wait(240)
        #expect(bench.rollout.state.pause != .unanswered)
        #expect(!bench.actions.announcements.contains { if case .unanswered = $0 { true } else { false } })
    }
}
