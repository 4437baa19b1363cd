import Testing
import Trials

/// The short form of `scripts/soak flood`.
@Suite("a flood of what no host should say", .serialized) struct FloodTrialTests {
    @Test("stops nobody's work, and no program", .timeLimit(.minutes(4)))
    func flood() async throws {
        // Seconds are too short to compare paces closely on a machine that does other things, too.
        let figures = try await FloodTrial(
            messages: 10_000, rate: 500, turns: 2, fileMilliseconds: 300, leastPace: 0.7
        ).run()
        #expect(figures.broken == [], "\(figures)")
        #expect(figures.nacked == 0)
        #expect(figures.confirmed + figures.refused == 20_000)
        #expect(figures.refused > 0)
    }
}
