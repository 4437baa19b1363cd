import Contract
import DefragTypes
import Foundation
import Testing

@testable import Rollout

@Suite("Failed targets that are tried again")
struct RetryTests {
    /// Two hosts with two files each, of which one file of each has failed, for different reasons.
    private static func failed(_ strategy: RolloutSpec.Strategy = .init(attempts: 1)) -> Bench {
        var bench = Bench(files: [2, 2], strategy: strategy)
        for (target, reason) in [(0, Reason.ioError), (2, .lowSpace)] {
            bench.finish(target, .failed, reason)
        }
        for target in [1, 3] { bench.finish(target) }
        return bench
    }

    @Test("end a rollout that is completed with failures as completed")
    func whole() throws {
        var bench = Self.failed()
        #expect(bench.rollout.state.phase == .completedWithFailures)
        try bench.carryOut(.retry(.init()))
        #expect(bench.rollout.state.phase == .running)
        #expect(bench.active == "ab")
        #expect(bench.inFlight == [0, 2])
        #expect(bench.rollout.targets.map(\.fruitless) == [0, 0, 0, 0])
        bench.finish(0)
        bench.finish(2)
        #expect(bench.rollout.state.phase == .completed)
    }

    @Test(
        "are those that are meant",
        arguments: [
            (Rollout.Failed(), [0, 2]), (.init(reason: .ioError), [0]), (.init(host: name("b")), [2]),
            (.init(reason: .ioError, host: name("b")), []), (.init(reason: .noAnswer), []),
            (.init(host: name("z")), []),
        ])
    func which(failed: Rollout.Failed, targets: [Int]) throws {
        var bench = Self.failed()
        #expect(bench.rollout.targets(failed) == targets)
        guard targets.isEmpty else {
            try bench.carryOut(.retry(failed))
            return #expect(bench.inFlight == targets)
        }
        #expect(throws: Rollout.Refused.self) { try bench.carryOut(.retry(failed)) }
        #expect(bench.rollout.state.phase == .completedWithFailures)
    }

    @Test("are tried again while the others go on, in their lane's order")
    func running() throws {
        var bench = Bench(files: [3], strategy: .init(attempts: 1))
        bench.finish(0, .failed, .ioError)
        #expect(bench.inFlight == [1])
        try bench.carryOut(.retry(.init()))
        #expect(bench.inFlight == [1])
        bench.finish(1)
        #expect(bench.inFlight == [0])
        bench.finish(0)
        bench.finish(2)
        #expect(bench.rollout.state.phase == .completed)
    }

    @Test("do not count against the error budget until they fail again")
    func budget() throws {
        var bench = Bench(files: [3], strategy: .init(errorBudget: .number(1), attempts: 1))
        bench.finish(0, .failed, .ioError)
        try bench.carryOut(.retry(.init()))
        bench.finish(1, .failed, .ioError)
        #expect(bench.rollout.state.pause == nil)
        bench.finish(0, .failed, .ioError)
        #expect(bench.rollout.state.pause == .errorBudget)
    }

    @Test("go on from where they were, with the budget that was left")
    func cursor() throws {
        var bench = Bench(files: [1], strategy: .init(attempts: 1), policy: .init())
        bench.finish(0, .partial, .timeLimit, next: 4096)
        bench.finish(0, .failed, .ioError)
        try bench.carryOut(.retry(.init()))
        #expect(bench.actions.slices.last?.from == 4096)
        #expect(Set(bench.actions.slices.map(\.task)).count == 3)
    }

    @Test("after a restart, too, and with a restart in the middle")
    func restart() throws {
        var bench = Self.failed()
        try bench.restart()
        try bench.carryOut(.retry(.init()))
        #expect(bench.inFlight == [0, 2])
        try bench.restart()
        bench.finish(0)
        bench.finish(2)
        #expect(bench.rollout.state.phase == .completed)
    }

    @Test("of a host that was given up: it has as long to return as any other")
    func givenUp() throws {
        var bench = Bench(files: [1, 1], strategy: .init(giveUpAfter: 900))
        bench.finish(1)
        bench.take(.lost(name("a")))
        bench.wait(900)
        #expect(bench.rollout.state.phase == .completedWithFailures)
        bench.now += 86_400
        try bench.carryOut(.retry(.init(reason: .hostLost), lost: [name("a")]))
        bench.wait(899)
        #expect(bench.rollout.hosts[0].state.phase == .waiting)
        bench.take(.returned(name("a")))
        #expect(bench.inFlight == [0])
        bench.finish(0)
        #expect(bench.rollout.state.phase == .completed)
    }

    @Test("of a host that has returned since: at once")
    func returned() throws {
        var bench = Bench(files: [1, 1], strategy: .init(giveUpAfter: 900))
        bench.finish(1)
        bench.take(.lost(name("a")))
        bench.wait(900)
        try bench.carryOut(.retry(.init()))
        #expect(bench.inFlight == [0])
        #expect(bench.rollout.hosts.map(\.isLost) == [false, false])
    }

    @Test("not of a rollout that was cancelled, nor of one without failures")
    func refused() throws {
        var cancelled = Bench(files: [1])
        try cancelled.carryOut(.cancel)
        cancelled.finish(0, .failed, .ioError)
        #expect(throws: Rollout.Refused.self) { try cancelled.carryOut(.retry(.init())) }
        var fine = Bench(files: [1])
        fine.finish(0)
        #expect(throws: Rollout.Refused.self) { try fine.carryOut(.retry(.init())) }
    }

    @Test("in the stage that was reached, within its slots")
    func stages() throws {
        var bench = Self.failed(
            .init(
                canary: .init(hosts: 1, soak: 60), concurrency: .number(1), errorBudget: .number(9),
                attempts: 1))
        while bench.rollout.state.phase == .running {
            bench.wait(60)
            for target in bench.inFlight { bench.finish(target, target == 2 ? .failed : .done, .ioError) }
        }
        #expect(bench.rollout.state.phase == .completedWithFailures)
        try bench.carryOut(.retry(.init()))
        #expect(bench.rollout.state.stage == .full)
        #expect(bench.active.count == 1)
    }
}
