import Contract
import Testing

@testable import Coordinator

@Suite("Tasks whose answers are waited for") struct AwaitedTasksTests {
    @Test("answers to somebody else's tasks are told apart, and nothing else is")
    func foreign() {
        let job = JobID()
        let other = JobID()
        let rollout = "20261130225031-run-eb1f-0-1"
        let survey = "survey-0123456789ab-a"
        let tasks = ["\(job)-0-1", "\(job)-a-survey-1", "\(other)-0-1", rollout, survey, "anything", ""]
        #expect(
            tasks.map(AwaitedTasks().isForeign) == [true, true, true, false, false, false, false],
            "a coordinator")
        #expect(
            tasks.map(AwaitedTasks(of: job).isForeign) == [false, false, true, true, true, true, true],
            "reflow run")
    }

    @Test("a job's tasks are waited for like any other")
    func job() {
        let job = JobID()
        let awaited = AwaitedTasks(of: job)
        awaited.add("\(job)-0-1", of: named("a"), isSurvey: false)
        #expect(awaited.isAwaited("\(job)-0-1", of: named("a")))
        #expect(!awaited.isAwaited("\(job)-0-2", of: named("a")))
    }
}
