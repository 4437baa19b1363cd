/// A command line that says nothing sensible: what is wrong, and what may have been meant.
struct UsageError: Error, Equatable, CustomStringConvertible {
    let description: String
    /// The command whose help is worth reading, if one was named.
    private(set) var command: String?

    init(_ description: String, command: String? = nil) {
        self.description = description
        self.command = command
    }

    /// `given` is none of `known`.
    static func unknown(
        _ kind: String, _ given: String, of known: [String], command: String? = nil
    ) -> UsageError {
        let guess = suggestion(for: given, among: known).map { ": did you mean \($0)?" } ?? ""
        return UsageError("unknown \(kind) \(given)\(guess)", command: command)
    }

    /// The same error, with the command that it belongs to.
    func of(_ command: Command) -> UsageError { UsageError(description, command: command.name) }
}

/// Whichever of `known` is closest to `given`, if it is close: a third of its letters mistyped at most, or `given`
/// is the beginning of exactly one.
func suggestion(for given: String, among known: [String]) -> String? {
    let begun = known.filter { $0.hasPrefix(given) }
    if begun.count == 1 { return begun[0] }
    let distances = known.map { (name: $0, distance: editDistance(given, $0)) }
    guard let best = distances.min(by: { $0.distance < $1.distance }),
        best.distance <= max(1, best.name.count / 3)
    else { return nil }
    return best.name
}

/// How many letters must be inserted, removed or replaced to turn `left` into `right` (Levenshtein).
func editDistance(_ left: String, _ right: String) -> Int {
    let right = Array(right)
    var row = Array(0...right.count)
    for (index, letter) in left.enumerated() {
        var diagonal = row[0]
        row[0] = index + 1
        for column in right.indices {
            let replaced = diagonal + (letter == right[column] ? 0 : 1)
            diagonal = row[column + 1]
            row[column + 1] = min(replaced, diagonal + 1, row[column] + 1)
        }
    }
    return row[right.count]
}
