internal import YAML

/// Everything that is wrong with a specification, in the order of the text: the first hundred.
public struct SpecErrors: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong.
    public private(set) var problems: [Problem] = []

    /// One thing that is wrong in a specification.
    public struct Problem: Hashable, Sendable, CustomStringConvertible {
        let place: TextPlace?
        /// Which value, such as `strategy.ramp[2]`; empty for the whole.
        public let key: String
        /// What is wrong, and what would be right.
        public let message: String

        /// Counted from 1; `nil` for the text as a whole.
        public var line: Int? { place?.line }
        /// In Unicode scalars, counted from 1.
        public var column: Int? { place?.column }

        /// With place and key: `line 6, column 13: strategy.ramp[1]: …`.
        public var description: String {
            [place?.description ?? "", key, message].filter { !$0.isEmpty }.joined(separator: ": ")
        }
    }

    /// A line for each.
    public var description: String { problems.map(\.description).joined(separator: "\n") }

    init() {}

    init(_ place: TextPlace?, _ key: String, _ message: String) {
        problems = [Problem(place: place, key: key, message: message)]
    }

    /// More would not be read by anybody.
    static let most = 100

    /// Adds what else is wrong.
    mutating func add(_ others: SpecErrors) {
        problems += others.problems.prefix(Self.most - problems.count)
    }

    /// What `read` gives; `nil` if it throws, which is added to what is wrong.
    @discardableResult
    mutating func collect<Value>(_ read: () throws(SpecErrors) -> Value) -> Value? {
        do {
            return try read()
        } catch {
            add(error)
            return nil
        }
    }

    /// In the order of the text.
    var sorted: SpecErrors {
        var sorted = self
        sorted.problems.sort {
            ($0.place?.line ?? 0, $0.place?.column ?? 0) < ($1.place?.line ?? 0, $1.place?.column ?? 0)
        }
        return sorted
    }
}
