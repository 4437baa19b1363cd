import DefragTypes
import HeapModule

/// The files with the most to gain, out of any number, in memory for a limited number of them.
struct Ranking: Sendable {
    private struct Ranked: Comparable {
        let survey: FileSurvey

        static func < (left: Ranked, right: Ranked) -> Bool { left.survey.ranksBefore(right.survey) }
    }

    private let limit: Int
    private var heap: Heap<Ranked> = []

    /// Keeps at most `limit` files.
    init(limit: Int) {
        self.limit = max(0, limit)
    }

    /// Number of files kept.
    var count: Int { heap.count }

    /// The files kept, the one with the most to gain first.
    var sorted: [FileSurvey] { heap.unordered.sorted().map(\.survey) }

    /// Takes `survey` in, unless there are enough better ones.
    mutating func add(_ survey: FileSurvey) {
        let ranked = Ranked(survey: survey)
        if heap.count < limit {
            heap.insert(ranked)
        } else if let worst = heap.max, ranked < worst {
            heap.replaceMax(with: ranked)
        }
    }
}
