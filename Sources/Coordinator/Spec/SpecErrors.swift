/// All that is wrong in a specification, in the order of the text.
struct SpecErrors: Error, Hashable, Sendable, CustomStringConvertible {
    let problems: [Problem]

    /// One thing that is wrong in a specification.
    struct Problem: Hashable, Sendable, CustomStringConvertible {
        /// Where, counted from 1; `nil` for the text as a whole.
        var line: Int?
        /// In Unicode scalars, counted from 1.
        var column: Int?
        /// Which value, such as `strategy.ramp[2]`; empty for the whole.
        var key: String
        /// What is wrong, and what would be right.
        var message: String

        var description: String {
            let place = line.map { "line \($0)" + (column.map { ", column \($0)" } ?? "") }
            return [place, key.isEmpty ? nil : key, message].compactMap(\.self).joined(separator: ": ")
        }
    }

    init(_ problems: [Problem]) {
        self.problems = problems.sorted {
            ($0.line ?? 0, $0.column ?? 0) < ($1.line ?? 0, $1.column ?? 0)
        }
    }

    /// A line for each.
    var description: String { problems.map(\.description).joined(separator: "\n") }
}

/// Collects problems while a specification is read.
final class SpecProblems {
    private(set) var all: [SpecErrors.Problem] = []
    /// Keys that stand twice: the names that ``RepeatedKeys`` gave them, to what they are.
    let repeated: [String: String]

    init(repeated: [String: String]) {
        self.repeated = repeated
    }

    /// More would not be read by anybody.
    private static let most = 100

    func add(_ problem: SpecErrors.Problem) {
        if all.count < Self.most { all.append(problem) }
    }
}
