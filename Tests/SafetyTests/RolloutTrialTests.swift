import Testing
import Trials

/// The short forms of `scripts/soak rollouts`, `budget` and `steering`.
@Suite("a rollout over real hosts", .serialized) struct RolloutTrialTests {
    @Test(
        "with coordinator, broker and workers killed: completes within its caps, everything once, contents kept",
        .timeLimit(.minutes(4)))
    func storm() async throws {
        let blows = Blows(
            coordinator: 3, broker: 1, workers: 2, queues: 1, freezes: 1, frozenSeconds: 5)
        let figures = try await RolloutTrial(
            hosts: 6, images: 1, mebibytes: 8, seconds: 4, blows: blows, seed: .random(in: 0...999_999)
        ).run()
        #expect(figures.struck == blows)
        #expect(figures.done == 6)
    }

    @Test(
        "with one failure more than its budget: pauses by itself, resumes on command", .timeLimit(.minutes(3))
    )
    func budget() async throws {
        let figures = try await BudgetTrial(hosts: 5, mebibytes: 8, seed: .random(in: 0...999_999)).run()
        #expect(figures.stopped.count == 2)
        #expect(figures.begunMeanwhile == 0)
        #expect(figures.failed == 3)
    }
}
