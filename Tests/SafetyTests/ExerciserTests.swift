import Testing
import Trials

/// The short form of `scripts/soak exerciser`.
@Suite("fio verifies what it writes") struct ExerciserTests {
    @Test("while runs go over the file again and again", .timeLimit(.minutes(2)))
    func exerciser() async throws {
        let figures = try await ExerciserTrial(
            duration: .seconds(8), mebibytes: 64, seed: .random(in: 0 ... .max / 2)
        ).run()
        #expect(figures.runs > 1)
        #expect(figures.rewritten > 0)
        #expect(figures.verified > 512)
    }
}
