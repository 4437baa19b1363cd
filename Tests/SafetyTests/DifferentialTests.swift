import Testing
import Trials

/// The short form of `scripts/soak differential`.
@Suite("random files, policies and interference") struct DifferentialTests {
    @Test("every byte is as in the model, whatever others do during the run", .timeLimit(.minutes(3)))
    func rounds() throws {
        let figures = try DifferentialTrial(
            rounds: 60, limit: .seconds(10), seed: .random(in: 0 ... .max / 2)
        ).run()
        #expect(figures.total > 5)
        #expect(figures.compared > 1 << 20)
        #expect(figures.rewritten > 0)
    }
}
