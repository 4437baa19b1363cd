/// Keeps the same warning from filling a log: said at once when it is new, then at long intervals while it is repeated.
public struct Repetitions<Subject: Hashable & Sendable>: Sendable {
    private struct Said {
        var words: String
        var at: ContinuousClock.Instant
        var silent = 0
    }

    private let interval: Duration
    private var said: [Subject: Said] = [:]

    /// Lets a repetition through once in `interval`.
    public init(every interval: Duration = .seconds(600)) {
        self.interval = interval
    }

    /// Whether `words` about `subject` are to be said now, and how often they were not said since the last time; `nil` if not.
    public mutating func isDue(
        _ subject: Subject, _ words: String, at now: ContinuousClock.Instant
    ) -> Int? {
        if let last = said[subject], last.words == words, now - last.at < interval {
            said[subject]?.silent += 1
            return nil
        }
        let before = said[subject]
        said[subject] = Said(words: words, at: now)
        return before?.words == words ? before?.silent : 0
    }

    /// It is over: what comes next about `subject` is new.
    public mutating func end(_ subject: Subject) { said[subject] = nil }
}
