import Testing
import Trials

/// The short form of `scripts/soak powercuts`.
@Suite("the power is cut off") struct PowerCutTests {
    @Test(
        "at random moments, under live load: every fsynced write is there, a run ends what was begun",
        .timeLimit(.minutes(3)))
    func cuts() async throws {
        let figures = try await PowerCutTrial(
            cuts: 6, mebibytes: 48, seed: .random(in: 0 ... .max), cutsPerDisk: 2
        ).run()
        #expect(figures.total == 6)
    }
}
