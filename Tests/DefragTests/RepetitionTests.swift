import Testing

@testable import Defrag

@Suite("Rewriting a window again") struct RepetitionTests {
    private func plan(extents: Int) -> WindowPlan {
        var plan = WindowPlan(next: 16 << 20)
        if extents > 0 {
            plan.stretches = [0..<16 << 20]
            plan.bytes = 16 << 20
            plan.extents = extents
        }
        return plan
    }

    @Test("is for windows in which something is still to be gained")
    func nothingToGain() {
        #expect(!Repetition().isWorthwhile(plan(extents: 0), attempt: 1))
    }

    @Test("is not for windows that are nearly contiguous: it costs 3 extents, and each saved may cost 4 MiB")
    func nearlyWhole() {
        #expect(!Repetition().isWorthwhile(plan(extents: 4), attempt: 1))
        #expect(!Repetition().isWorthwhile(plan(extents: 8), attempt: 1))
        #expect(Repetition().isWorthwhile(plan(extents: 9), attempt: 1))
    }

    @Test("of badly fragmented windows always happens once, however little it has paid elsewhere")
    func badlyBroken() {
        var repetition = Repetition()
        for _ in 0..<10 { repetition.learn(before: plan(extents: 10), after: plan(extents: 10)) }
        #expect(repetition.isWorthwhile(plan(extents: 500), attempt: 1))
        #expect(!repetition.isWorthwhile(plan(extents: 500), attempt: 2))
    }

    @Test("of nearly contiguous windows ends when it does not pay")
    func guestsComeBetween() {
        var repetition = Repetition()
        var tries = 0
        while repetition.isWorthwhile(plan(extents: 10), attempt: 1), tries < 100 {
            repetition.learn(before: plan(extents: 10), after: plan(extents: 7))
            tries += 1
        }
        #expect(tries == 2)
    }

    @Test("of nearly contiguous windows continues while it pays, and forgives one failure")
    func pays() {
        var repetition = Repetition()
        for round in 0..<100 {
            #expect(repetition.isWorthwhile(plan(extents: 10), attempt: 1))
            repetition.learn(before: plan(extents: 10), after: plan(extents: round % 3 == 0 ? 8 : 0))
        }
    }
}
