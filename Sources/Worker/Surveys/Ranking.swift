import DefragTypes

/// The files with the most to gain, out of any number: a heap of bounded size whose top is the first to go.
struct Ranking: Sendable {
    private let limit: Int
    private var heap: [FileSurvey] = []

    /// Keeps at most `limit` files.
    init(limit: Int) {
        self.limit = max(0, limit)
    }

    /// Number of files kept.
    var count: Int { heap.count }

    /// The files kept, the one with the most to gain first.
    var sorted: [FileSurvey] { heap.sorted { $0.ranksBefore($1) } }

    /// Takes `survey` in, unless there are enough better ones.
    mutating func add(_ survey: FileSurvey) {
        if heap.count < limit {
            heap.append(survey)
            siftUp()
        } else if let worst = heap.first, survey.ranksBefore(worst) {
            heap[0] = survey
            siftDown()
        }
    }

    private mutating func siftUp() {
        var child = heap.count - 1
        while child > 0, heap[(child - 1) / 2].ranksBefore(heap[child]) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    private mutating func siftDown() {
        var parent = 0
        while true {
            var worst = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
                if heap[worst].ranksBefore(heap[child]) { worst = child }
            }
            guard worst != parent else { return }
            heap.swapAt(parent, worst)
            parent = worst
        }
    }
}
