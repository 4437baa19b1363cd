import Testing
import Trials

/// The short form of `scripts/soak kills`.
@Suite("killed with -9") struct KillTests {
    @Test("at random moments, under live load: nothing is lost, nothing is left", .timeLimit(.minutes(3)))
    func kills() async throws {
        let figures = try await KillTrial(
            kills: 6, mebibytes: 64, seed: .random(in: 0 ... .max), inspectEvery: 3
        ).run()
        #expect(figures.kills == 6)
        #expect(figures.inspections == 2)
    }
}
