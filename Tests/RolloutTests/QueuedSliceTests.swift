import Contract
import DefragTypes
import Foundation
import Testing

@testable import Rollout

@Suite("Slices that a host has not begun")
struct QueuedSliceTests {
    @Test("are known, for how long, and which other jobs the host is at work for")
    func queued() {
        var bench = Bench(files: [2])
        func seconds() -> TimeInterval? {
            bench.rollout.queuedSeconds(of: bench.rollout.hosts[0], at: bench.now)
        }
        func progress(_ job: String, _ task: String) -> SliceProgress {
            SliceProgress(
                task: task, job: job, path: "/", offset: .zero, size: .zero, rewritten: .zero, maxPauseMs: 0,
                seconds: 1)
        }
        let task = bench.rollout.sliceTask(0)
        #expect(seconds() == nil)
        for _ in 0..<3 {
            bench.hear(
                "a", .hostState(hostState(running: [progress("other", "o-1")], accepted: ["o-1", task])))
            bench.wait(10)
        }
        #expect(seconds() == 30)
        #expect(bench.rollout.hosts[0].otherJobs == ["other"])
        bench.hear("a", .progress(HostProgress(running: [progress("r", task)])))
        #expect(seconds() == nil)
        bench.hear("a", .hostState(hostState(running: [progress("r", task)], accepted: [task])))
        #expect(seconds() == nil)
        #expect(bench.rollout.hosts[0].otherJobs == [])
        bench.finish(0)
        bench.hear("a", .hostState(hostState(accepted: [task])))
        #expect(seconds() == nil, "it has ended")
    }
}
