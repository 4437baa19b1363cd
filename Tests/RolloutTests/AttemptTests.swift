import Contract
import DefragTypes
import Foundation
import Testing

@testable import Rollout

@Suite("Failed attempts")
struct AttemptTests {
    /// What ends a slice without success.
    enum Cause: CaseIterable {
        case failed, busy, replaced, noHeadway, deadLettered, undeliverable, silence

        var reason: Reason {
            switch self {
            case .failed: .ioError
            case .busy: .busy
            case .replaced: .fileReplaced
            case .noHeadway: .noHeadway
            case .deadLettered: .deadLettered
            case .undeliverable: .undeliverable
            case .silence: .noAnswer
            }
        }

        /// What is told beyond the reason.
        var why: String? {
            switch self {
            case .deadLettered: "x"
            case .undeliverable: "a has no queue"
            default: nil
            }
        }

        /// How the file ends that fails so every time.
        var end: Target.State {
            switch self {
            case .busy, .replaced: .skipped(reason)
            default: .failed(reason)
            }
        }

        func happen(to target: Int, _ bench: inout Bench) {
            let task = bench.rollout.sliceTask(target)
            switch self {
            case .failed: bench.finish(target, .failed, .ioError)
            case .busy: bench.finish(target, .skipped, .busy)
            case .replaced: bench.finish(target, .skipped, .fileReplaced)
            case .noHeadway: bench.finish(target, .partial, .timeLimit, next: .zero)
            case .deadLettered: bench.take(.deadLettered(task: task, name("a"), reason: "x"))
            case .undeliverable: bench.take(.undeliverable(task: task, name("a"), "has no queue"))
            case .silence:
                bench.wait(200)
                bench.hear(
                    "b", .hostState(hostState(accepted: bench.inFlight.map { bench.rollout.sliceTask($0) })))
                bench.wait(40)
            }
        }
    }

    @Test(
        "each is announced with number and reason, the last one before the file's end",
        arguments: Cause.allCases)
    func announced(cause: Cause) throws {
        // Host b answers, so that nobody takes the silence of a for that of all.
        var bench = Bench(files: [1, 9], strategy: .init(attempts: 3, backOff: 10))
        for attempt in 1...3 {
            let before = bench.actions.count
            bench.finish(
                try #require(bench.inFlight.last), .partial, .timeLimit, next: ByteCount(Int64(attempt)))
            cause.happen(to: 0, &bench)
            let told = bench.actions[before...].announcements.filter {
                switch $0 {
                case .attemptFailed(target: 0, _, _, _, _), .targetEnded(0): true
                default: false
                }
            }
            let failed = Rollout.Announcement.attemptFailed(
                target: 0, attempt: attempt, of: 3, reason: cause.reason, why: cause.why)
            #expect(told == (attempt < 3 ? [failed] : [failed, .targetEnded(0)]))
            guard attempt < 3 else { break }
            guard case .backingOff(_, cause.reason) = bench.rollout.targets[0].state else {
                Issue.record("it does not back off: \(bench.rollout.targets[0].state)")
                return
            }
            // The reason survives a restart.
            try bench.restart()
            guard case .backingOff(_, cause.reason) = bench.rollout.targets[0].state else {
                Issue.record("the reason is forgotten: \(bench.rollout.targets[0].state)")
                return
            }
            bench.wait(20)
        }
        #expect(bench.rollout.targets[0].state == cause.end)
    }

    @Test(
        "what is no failure is not announced as one",
        arguments: [Reason.paused, .interrupted, .lowSpace, .immutable])
    func others(reason: Reason) {
        var bench = Bench(files: [2])
        let actions = bench.finish(0, reason == .immutable ? .skipped : .partial, reason, next: .zero)
        #expect(!actions.announcements.contains { if case .attemptFailed = $0 { true } else { false } })
    }

    @Test("a host keeps no slice of another host alive")
    func foreign() {
        var bench = Bench(files: [1, 9])
        for second in 1...240 {
            if second.isMultiple(of: 10) {
                let progress = SliceProgress(
                    task: bench.rollout.sliceTask(0), job: "r", path: "/", offset: .zero, size: .zero,
                    rewritten: .zero, maxPauseMs: 0, seconds: 1)
                bench.hear("b", .progress(HostProgress(running: [progress])))
            }
            bench.wait(1)
        }
        #expect(bench.rollout.targets[0].fruitless == 1)
    }

    @Test(
        "a rollout in which anything failed is not simply completed",
        arguments: [
            (DefragResult.Status.done, nil, Rollout.Phase.completed), (.skipped, .immutable, .completed),
            (.skipped, .busy, .completed), (.failed, .ioError, .completedWithFailures),
        ] as [(DefragResult.Status, Reason?, Rollout.Phase)])
    func end(status: DefragResult.Status, reason: Reason?, phase: Rollout.Phase) {
        var bench = Bench(files: [1, 1], strategy: .init(attempts: 1))
        bench.finish(0, status, reason)
        let last = bench.finish(1)
        #expect(bench.rollout.state.phase == phase)
        #expect(phase.isEnded)
        #expect(last.announcements.last == .ended(phase))
    }

    @Test("nor one that gave a host up")
    func givenUp() {
        var bench = Bench(files: [1, 1], answering: 1)
        let survey = bench.rollout.surveyTask(of: 1)
        bench.take(.undeliverable(task: survey, name("b"), "has no queue"))
        bench.finish(0)
        #expect(bench.rollout.state.phase == .completedWithFailures)
        #expect(Rollout.Phase(rawValue: "completedWithFailures") == .completedWithFailures)
    }
}
