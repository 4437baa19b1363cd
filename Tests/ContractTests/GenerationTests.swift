import Contract
import Testing

@Suite("Generations of desired states") struct GenerationTests {
    private static let now: Int64 = 1_795_381_406_000
    private static let day: Int64 = 86_400_000

    @Test(
        "one that is more than a day ahead is out of bounds",
        arguments: [
            (0, true), (now, true), (now + day, true), (now + day + 1, false),
            (Generation.range.upperBound, false),
        ] as [(Int64, Bool)])
    func bound(generation: Int64, isGood: Bool) {
        let state = DesiredState(generation: generation, mode: .pause)
        let isTaken = (try? state.check(at: Self.now)) != nil
        #expect(isTaken == isGood)
        // What is held and cannot be right gives way to anything.
        #expect(state.generation(at: Self.now) == (isGood ? generation : 0))
    }

    @Test(
        "the next one is beyond the clock, one's own last one and the host's",
        arguments: [
            (0, 0, now), (now + 5, 0, now + 6), (0, now + 5, now + 6), (now - 5, now - 7, now),
            // Given when the own clock was ahead: no host has taken it.
            (now + day + 1, 0, now), (now + 2 * day, now + 5, now + 6),
            // Given because the host has one that is far ahead.
            (now + day + 1, now + day, now + day + 2), (now + 3 * day, now + 3 * day - 1, now + 3 * day + 1),
            // A host whose clock is far ahead takes only what is greater.
            (0, now + 3 * day, now + 3 * day + 1),
            (0, Generation.range.upperBound, Generation.range.upperBound),
        ] as [(Int64, Int64, Int64)])
    func next(own: Int64, known: Int64, next: Int64) {
        #expect(Generation.next(after: own, known: known, at: Self.now) == next)
    }
}
