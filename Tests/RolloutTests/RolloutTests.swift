import Contract
import DefragTypes
import Foundation
import Testing

@testable import Rollout

@Suite("Rollouts")
struct RolloutTests {
    @Test("one failure more than the budget allows pauses, and no earlier", arguments: [0, 1, 2, 5])
    func errorBudget(allowed: Int) throws {
        var bench = Bench(files: [20], strategy: .init(errorBudget: .number(allowed), attempts: 1))
        for failure in 1...allowed + 1 {
            #expect(bench.rollout.state.pause == nil)
            bench.finish(try #require(bench.inFlight.first), .failed, .ioError)
            #expect(bench.rollout.state.failures == failure)
        }
        #expect(bench.rollout.state.pause == .errorBudget)
        #expect(bench.inFlight == [])
        #expect(
            bench.actions.announcements.contains(.budgetExceeded(failures: allowed + 1, allowed: allowed)))
        // After resume the budget begins again.
        try bench.carryOut(.resume)
        for _ in 0..<allowed { bench.finish(try #require(bench.inFlight.first), .failed, .ioError) }
        #expect(bench.rollout.state.pause == nil)
        bench.finish(try #require(bench.inFlight.first), .failed, .ioError)
        #expect(bench.rollout.state.pause == .errorBudget)
    }

    @Test(
        "a percentage of the targets, rounded down",
        arguments: [(10, 10.0, 1), (19, 10, 1), (9, 10, 0), (100, 29, 29)])
    func share(targets: Int, percent: Double, allowed: Int) {
        let bench = Bench(files: [targets], strategy: .init(errorBudget: .percent(percent)))
        #expect(bench.rollout.allowedFailures == allowed)
    }

    @Test("a skipped file is no failure")
    func skipped() throws {
        var bench = Bench(files: [3], strategy: .init(errorBudget: .number(0)))
        for reason in [Reason.immutable, .notFound, .lowSpace] {
            let target = try #require(bench.inFlight.first)
            bench.finish(target, reason == .lowSpace ? .partial : .skipped, reason)
            #expect(bench.rollout.targets[target].state == .skipped(reason))
        }
        #expect(bench.rollout.state.phase == .completed)
        #expect(bench.rollout.state.failures == 0)
    }

    @Test("a failed attempt is repeated later and later, and other files come in between")
    func retries() throws {
        var bench = Bench(files: [1], strategy: .init(attempts: 3, backOff: 10))
        bench.finish(0, .failed, .ioError)
        bench.wait(9)
        #expect(bench.inFlight == [])
        bench.wait(1)
        #expect(bench.inFlight == [0])
        bench.finish(0, .failed, .ioError)
        bench.wait(19)
        #expect(bench.inFlight == [])
        bench.wait(1)
        bench.finish(0, .failed, .ioError)
        #expect(bench.rollout.targets[0].state == .failed(.ioError))
        #expect(bench.rollout.state.phase == .completedWithFailures)

        var two = Bench(files: [2])
        two.finish(0, .failed, .ioError)
        #expect(two.inFlight == [1])
    }

    @Test("a slice goes on where the one before ended, with what is left of the budget")
    func cursor() throws {
        var policy = PolicyOverrides()
        policy.unshareBudget = .mebibytes(10)
        var bench = Bench(files: [1], policy: policy)
        let slices = bench.finish(0, .partial, .timeLimit, next: 4096, unshared: .mebibytes(4)).slices
        #expect(slices.map(\.from) == [4096])
        #expect(slices.map(\.unshareBudget) == [.mebibytes(6)])
        // No headway is a failed attempt.
        bench.finish(0, .partial, .timeLimit, next: 4096)
        #expect(bench.inFlight == [])
        #expect(bench.rollout.targets[0].fruitless == 1)
    }

    @Test("late and duplicate answers change nothing")
    func stale() throws {
        var bench = Bench(files: [2])
        let first = bench.rollout.sliceTask(0)
        bench.finish(0)
        let before = bench.rollout.targets
        let late = SliceFinished(task: first, job: "r", result: DefragResult(path: "/", status: .failed))
        #expect(bench.hear("a", .sliceFinished(late)).isEmpty)
        #expect(bench.hear("b", .sliceFinished(late)).isEmpty)
        for task in ["", "r", "r-99-1", "r-x-1", "other-0-1", "r-0-2"] {
            let foreign = SliceFinished(task: task, job: "r", result: DefragResult(path: "/", status: .done))
            #expect(bench.hear("a", .sliceFinished(foreign)).isEmpty)
        }
        #expect(bench.rollout.targets == before)
    }

    @Test("a lost host's slot goes to others; when it returns, its old answer still counts")
    func lostHost() {
        var bench = Bench(files: [1, 1, 1], strategy: .init(concurrency: .number(1)))
        bench.take(.lost(name("a")))
        #expect(bench.active == "b")
        #expect(bench.rollout.state.failures == 1)
        bench.take(.returned(name("a")))
        #expect(bench.active == "b")
        bench.finish(0)
        #expect(bench.rollout.targets[0].state == .done)
        #expect(bench.rollout.hosts[0].state.phase == .finished)
    }

    @Test("a host that does not return is given up when nothing else is left to do")
    func givenUp() {
        var bench = Bench(files: [2, 1], strategy: .init(giveUpAfter: 900))
        bench.take(.lost(name("a")))
        bench.wait(100)
        bench.finishHost("b")
        bench.wait(799)
        #expect(bench.rollout.hosts[0].state.phase == .waiting)
        bench.wait(1)
        #expect(bench.rollout.state.phase == .completedWithFailures)
        #expect(bench.rollout.targets.map(\.state) == [.failed(.hostLost), .failed(.hostLost), .done])
    }

    @Test("a pause is published to every host that has work, and to no other")
    func pause() throws {
        var bench = Bench(files: [2, 2, 2], strategy: .init(concurrency: .number(2)))
        #expect(try bench.carryOut(.pause).desires == ["a pause", "b pause"])
        let stopped = bench.finish(0, .partial, .paused, next: .zero)
        #expect(stopped.slices.isEmpty)
        #expect(stopped.desires == ["a run"])
        #expect(throws: Rollout.Refused.self) { try bench.carryOut(.pause) }
        let resumed = try bench.carryOut(.resume)
        #expect(resumed.desires == ["b run"])
        // It says itself when it works again.
        #expect(resumed.slices.isEmpty)
        let state = HostState(
            version: "", kernel: "", generation: 1, mode: .run, fileSystems: [], running: [], uptime: 1)
        #expect(bench.hear("a", .hostState(state)).slices.map(\.target) == [0])
    }

    @Test("a changed policy reaches the hosts at once, and goes with the rollout")
    func set() throws {
        var bench = Bench(files: [1, 1], strategy: .init(concurrency: .number(1)))
        var overrides = PolicyOverrides()
        overrides.maxPause = .milliseconds(5)
        let changed = try bench.carryOut(.set(overrides))
        guard case .desire(let host, .run, overrides)? = changed.first else {
            Issue.record("nothing is wanted: \(changed)")
            return
        }
        #expect(host == name("a"))
        let ended = bench.finish(0)
        #expect(ended.desires == ["a run", "b run"])
    }

    @Test("cancelled, it waits for slices in flight, and leaves the rest")
    func cancel() throws {
        var bench = Bench(files: [2, 1])
        #expect(try bench.carryOut(.cancel).desires == ["a pause", "b pause"])
        #expect(bench.rollout.state.phase == .cancelling)
        bench.finish(bench.inFlight[0], .partial, .paused, next: .zero)
        let last = bench.finish(bench.inFlight[0])
        #expect(bench.rollout.state.phase == .cancelled)
        #expect(last.desires == ["b run", "a run"])
        #expect(bench.rollout.targets.map(\.state.isEnded) == [false, false, true])
        #expect(throws: Rollout.Refused.self) { try bench.carryOut(.resume) }
    }

    @Test("drained, it lets slices in flight run to their end, and publishes no desired state")
    func drain() throws {
        var bench = Bench(files: [2, 1])
        #expect(try bench.carryOut(.drain).isEmpty)
        bench.finish(bench.inFlight[0])
        #expect(bench.inFlight.count == 1)
        #expect(bench.rollout.state.phase == .cancelling)
        #expect(bench.finish(bench.inFlight[0]).desires.isEmpty)
        #expect(bench.rollout.state.phase == .cancelled)
        #expect(throws: Rollout.Refused.self) { try bench.carryOut(.drain) }
    }

    @Test("a plan ends when every survey is there")
    func plan() {
        let bench = Bench(files: [2, 1], isPlanOnly: true)
        #expect(bench.rollout.state.phase == .planned)
        #expect(bench.actions.slices.isEmpty)
        #expect(bench.rollout.order == [0, 1])
    }
}
