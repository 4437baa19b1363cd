import Contract
import DefragTypes
import Foundation
import Testing

@testable import Rollout

@Suite("Answers of another worker than the one that surveyed")
struct OtherWorkerTests {
    /// What is known of the worker when it answers.
    enum Standing: String, CaseIterable {
        case alone, unheard, hasTwin, restarted, elsewhere
    }

    private func stand(_ standing: Standing, _ bench: inout Bench) {
        switch standing {
        case .alone: bench.hear("a", .hostState(hostState(instance: "A")))
        case .unheard: break
        case .hasTwin: bench.take(.heard(name("a"), .hostState(hostState(instance: "A")), hasTwin: true))
        case .restarted:
            for instance in ["A", "B"] { bench.hear("a", .hostState(hostState(instance: instance))) }
        case .elsewhere: bench.hear("a", .hostState(hostState(instance: "B", mounted: ["other"])))
        }
    }

    private func answer(
        _ reason: Reason, _ status: DefragResult.Status, inode: UInt64, _ standing: Standing,
        _ bench: inout Bench
    ) {
        var result = DefragResult(path: "/", status: status, reason: reason)
        result.inode = inode
        let answer = SliceFinished(task: bench.rollout.sliceTask(0), job: "r", result: result)
        bench.take(.heard(name("a"), .sliceFinished(answer), hasTwin: standing == .hasTwin))
    }

    @Test(
        "are no final word on a file",
        arguments: [
            // The survey found it within the roots.
            (.outsideRoots, "failed failed failed failed failed"),
            // True of the worker that surveyed, and of one that is the same one again.
            (.notFound, "skipped skipped failed skipped failed"),
            (.notXFS, "skipped skipped failed skipped failed"),
            (.notPermitted, "skipped skipped failed skipped failed"),
            (.notRegularFile, "skipped skipped failed skipped failed"),
            // It was none when it was surveyed.
            (.symbolicLink, "skipped skipped failed skipped failed"),
            (.immutable, "skipped skipped failed skipped failed"),
            (.fileReplaced, "skipped skipped failed skipped failed"),
            // Another run is at work on that very file.
            (.busy, "skipped skipped skipped skipped skipped"),
        ] as [(Reason, String)])
    func refusals(reason: Reason, ends: String) {
        let found = Standing.allCases.map { standing -> String in
            var bench = Bench(files: [1], strategy: .init(attempts: 2, backOff: 10))
            for _ in 1...2 where !bench.rollout.state.phase.isEnded {
                stand(standing, &bench)
                answer(reason, .skipped, inode: 0, standing, &bench)
                bench.wait(10)
            }
            let end = bench.rollout.targets[0].state
            let phase: Rollout.Phase
            switch end {
            case .failed(.notAsSurveyed): phase = .completedWithFailures
            case .skipped(reason): phase = .completed
            default:
                Issue.record("\(standing): \(end)")
                return ""
            }
            #expect(bench.rollout.state.phase == phase)
            return phase == .completed ? "skipped" : "failed"
        }
        #expect(found.joined(separator: " ") == ends)
    }

    @Test("are taken where it had the file open, or has worked on it", arguments: Standing.allCases)
    func opened(standing: Standing) {
        for (status, reason, end) in [
            (DefragResult.Status.done, Reason.alreadyContiguous, Target.State.done),
            (.skipped, .swapFile, .skipped(.swapFile)), (.partial, .lowSpace, .skipped(.lowSpace)),
        ] {
            var bench = Bench(files: [1], strategy: .init(attempts: 1))
            stand(standing, &bench)
            answer(reason, status, inode: 7, standing, &bench)
            #expect(bench.rollout.targets[0].state == end)
        }
    }

    @Test("a refused file is tried again, and done by the worker that has it")
    func again() {
        var bench = Bench(files: [1], strategy: .init(attempts: 3, backOff: 10))
        let before = bench.actions.count
        answer(.outsideRoots, .skipped, inode: 0, .alone, &bench)
        #expect(
            bench.actions[before...].announcements == [
                .attemptFailed(target: 0, attempt: 1, of: 3, reason: .notAsSurveyed)
            ])
        bench.wait(10)
        bench.finish(0)
        #expect(bench.rollout.state.phase == .completed)
    }

    @Test("a list of file systems that is full says nothing of those that are not in it")
    func fullList() {
        var bench = Bench(files: [1])
        bench.hear("a", .hostState(hostState(mounted: (0..<256).map { "fs-\($0)" })))
        answer(.notFound, .skipped, inode: 0, .alone, &bench)
        #expect(bench.rollout.targets[0].state == .skipped(.notFound))
    }

    @Test("a survey that either of two may have answered says so", arguments: [false, true])
    func survey(hasTwin: Bool) {
        var bench = Bench(files: [1], answering: 0)
        let task = bench.rollout.surveyTask(of: 0)
        let end = SurveyFinished(task: task, job: "r", pages: 0, files: 0, matched: 0, problems: ["x"])
        bench.take(.heard(name("a"), .surveyFinished(end), hasTwin: hasTwin))
        #expect(bench.rollout.hosts[0].state.problems.count == (hasTwin ? 2 : 1))
    }
}
