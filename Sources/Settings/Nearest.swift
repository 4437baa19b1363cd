/// The one of `known` that `word` may have been meant as: at most a third of its letters differ, or only their case.
public func nearest(to word: String, among known: some Sequence<String>) -> String? {
    let most = max(1, word.count / 3)
    // Long texts are no slips of the pen, and cost time.
    guard (2...64).contains(word.count) else { return nil }
    let lowered = Array(word.lowercased())
    var best: (distance: Int, word: String)?
    for candidate in known where abs(candidate.count - word.count) <= most {
        let distance = editDistance(lowered, Array(candidate.lowercased()))
        if distance <= most, distance < best?.distance ?? .max { best = (distance, candidate) }
    }
    return best?.word
}

/// How many letters have to be changed, added, taken out or swapped with their neighbour (optimal string alignment).
func editDistance(_ left: [Character], _ right: [Character]) -> Int {
    var older: [Int] = []
    var above = Array(0...right.count)
    for row in left.indices {
        var line = [row + 1]
        for column in right.indices {
            let change = above[column] + (left[row] == right[column] ? 0 : 1)
            var least = min(change, above[column + 1] + 1, line[column] + 1)
            if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                least = min(least, older[column - 1] + 1)
            }
            line.append(least)
        }
        older = above
        above = line
    }
    return above.last ?? left.count
}
