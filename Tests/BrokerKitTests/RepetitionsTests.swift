import BrokerKit
import Testing

@Suite("A warning that is repeated") struct RepetitionsTests {
    private let now = ContinuousClock.now

    @Test("is said at once, and then at long intervals with how often it was not")
    func intervals() {
        var repetitions = Repetitions<String>(every: .seconds(60))
        #expect(repetitions.isDue("q", "missing", at: now) == 0)
        for second in 1..<60 { #expect(repetitions.isDue("q", "missing", at: now + .seconds(second)) == nil) }
        #expect(repetitions.isDue("q", "missing", at: now + .seconds(60)) == 59)
        #expect(repetitions.isDue("q", "missing", at: now + .seconds(61)) == nil)
    }

    @Test("is another one about something else, in other words, or after its end")
    func others() {
        var repetitions = Repetitions<String>(every: .seconds(60))
        #expect(repetitions.isDue("q", "missing", at: now) == 0)
        #expect(repetitions.isDue("p", "missing", at: now) == 0)
        #expect(repetitions.isDue("q", "refused", at: now) == 0)
        #expect(repetitions.isDue("p", "missing", at: now) == nil)
        repetitions.end("p")
        #expect(repetitions.isDue("p", "missing", at: now) == 0)
    }
}
