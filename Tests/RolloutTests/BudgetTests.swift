import Contract
import DefragTypes
import Foundation
import Testing

@testable import Rollout

@Suite("Budgets")
struct BudgetTests {
    private static let canary = RolloutSpec.Strategy(canary: .init(hosts: 1, soak: 600), attempts: 1)

    @Test("without an error budget, no file of a canary may fail")
    func canary() throws {
        var bench = Bench(files: [3, 3], strategy: Self.canary)
        bench.finish(0, .failed, .ioError)
        #expect(bench.rollout.state.pause == .errorBudget)
        #expect(bench.actions.announcements.contains(.budgetExceeded(failures: 1, allowed: 0)))
        try bench.carryOut(.resume)
        bench.finishHost("a")
        bench.wait(600)
        for target in 3...5 { bench.finish(target, .failed, .ioError) }
        #expect(bench.rollout.state.pause == nil)
        #expect(bench.rollout.state.phase == .completedWithFailures)
    }

    @Test("nor during the soak; one that is lost is replaced")
    func soak() {
        var bench = Bench(files: [1, 1, 1], strategy: Self.canary)
        bench.take(.lost(name("a")))
        #expect(bench.rollout.state.pause == nil)
        bench.finishHost("b")
        #expect(bench.rollout.state.stage == .soak(until: bench.now + 600))
        bench.take(.returned(name("a")))
        bench.finish(0, .failed, .ioError)
        #expect(bench.rollout.state.pause == .errorBudget)
    }

    @Test("an error budget holds for canaries, too")
    func canaryWithBudget() {
        var strategy = Self.canary
        strategy.errorBudget = .number(1)
        var bench = Bench(files: [3, 3], strategy: strategy)
        bench.finish(0, .failed, .ioError)
        #expect(bench.rollout.state.pause == nil)
        bench.finish(1, .failed, .ioError)
        #expect(bench.rollout.state.pause == .errorBudget)
    }

    @Test("the last failure of all pauses nothing")
    func last() {
        var bench = Bench(files: [1], strategy: .init(errorBudget: .number(0), attempts: 1))
        bench.finish(0, .failed, .ioError)
        #expect(bench.rollout.state.phase == .completedWithFailures)
        #expect(bench.rollout.state.pause == nil)
    }

    @Test("an unshare budget is each file's, also a changed one, and no part of the desired state")
    func unsharing() throws {
        var bench = Bench(files: [1])
        var overrides = PolicyOverrides()
        overrides.unshareBudget = .mebibytes(10)
        #expect(try bench.carryOut(.set(overrides)).desires == [])
        let slices = bench.finish(0, .partial, .timeLimit, next: 4096, unshared: .mebibytes(4)).slices
        #expect(slices.map(\.unshareBudget) == [.mebibytes(6)])
        overrides.maxPause = .milliseconds(5)
        guard case .desire(_, .run, let policy)? = try bench.carryOut(.set(overrides)).first else {
            Issue.record("nothing is wanted")
            return
        }
        #expect(policy.maxPause == .milliseconds(5))
        #expect(policy.unshareBudget == nil)
    }

    @Test(
        "what a worker says is left of a file's budget is what is sent, also after a restart, until another one is set"
    )
    func budgetLeft() throws {
        var bench = Bench(files: [1])
        func next(_ offset: ByteCount, unshared: ByteCount, left: ByteCount?) -> ByteCount? {
            bench.finish(0, .partial, .timeLimit, next: offset, unshared: unshared, left: left).slices
                .first?.unshareBudget
        }
        // The worker has chosen a budget, and an attempt that it could not answer has spent some of it.
        #expect(next(4096, unshared: .mebibytes(4), left: .mebibytes(90)) == .mebibytes(90))
        // A worker before contract 1.2.
        #expect(next(8192, unshared: .mebibytes(5), left: nil) == .mebibytes(85))
        try bench.restart()
        #expect(next(12288, unshared: .mebibytes(5), left: nil) == .mebibytes(80))
        var overrides = PolicyOverrides()
        overrides.unshareBudget = .mebibytes(20)
        try bench.carryOut(.set(overrides))
        #expect(next(16384, unshared: .zero, left: nil) == .mebibytes(6))
        #expect(next(20480, unshared: .zero, left: .zero) == .zero)
        // Who unshares everything has no budget.
        overrides = PolicyOverrides()
        overrides.sharing = .unshare
        try bench.carryOut(.set(overrides))
        #expect(next(24576, unshared: .zero, left: .zero) == nil)
    }

    @Test("state is kept while there is a next slice")
    func state() {
        var bench = Bench(files: [1])
        func kept(_ actions: [Rollout.Action]) -> [SliceState?] {
            actions.compactMap { if case .account(_, _, let state) = $0 { .some(state) } else { nil } }
        }
        let partial = bench.finish(0, .partial, .timeLimit, next: 4096, left: .mebibytes(1))
        #expect(kept(partial).map { $0?.unshareBudgetLeft } == [.mebibytes(1)])
        #expect(kept(bench.finish(0, .done, left: .mebibytes(1))) == [nil])
    }

    @Test("headway forgives earlier attempts, whatever stopped it")
    func headway() {
        var bench = Bench(files: [1], strategy: .init(attempts: 2, backOff: 10))
        bench.finish(0, .failed, .ioError)
        bench.wait(10)
        bench.finish(0, .partial, .interrupted, next: 4096)
        #expect(bench.rollout.targets[0].fruitless == 0)
    }
}
