import DefragTypes
import Yams

/// One value of a specification, with its place and its key. What is wrong with it goes to the problems; then it is `nil`.
struct SpecValue {
    let node: Node
    /// Such as `strategy.ramp[2]`.
    let key: String
    let problems: SpecProblems

    /// Says what is wrong with this value.
    func refuse(_ message: String) {
        problems.add(
            SpecErrors.Problem(line: node.mark?.line, column: node.mark?.column, key: key, message: message))
    }

    /// What it is, for messages.
    private var kind: String {
        switch node {
        case .mapping: "a mapping"
        case .sequence: "a list"
        case .scalar where isEmpty: "nothing"
        default: "a single value"
        }
    }

    /// Whether nothing stands there.
    var isEmpty: Bool {
        guard let scalar = node.scalar, scalar.style == .plain || scalar.style == .any else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(scalar.string)
    }

    /// A text; `example` is what would be right.
    func text(such example: String) -> String? {
        guard let scalar = node.scalar, !isEmpty else {
            refuse("is \(kind); write \(example)")
            return nil
        }
        return scalar.string
    }

    /// What `read` makes of the text; `example` is what would be right.
    func parsed<Value>(_ what: String, such example: String, _ read: (String) -> Value?) -> Value? {
        guard let text = text(such: example) else { return nil }
        guard let value = read(text) else {
            refuse("'\(shortened(text))' is not \(what); write \(example)")
            return nil
        }
        return value
    }

    /// A whole number within `range`.
    func number(_ range: ClosedRange<Int>, such example: String) -> Int? {
        guard let number = parsed("a whole number", such: example, { Int($0) }) else { return nil }
        guard range.contains(number) else {
            let bounds =
                range.upperBound == .max
                ? "at least \(range.lowerBound)" : "from \(range.lowerBound) to \(range.upperBound)"
            refuse("\(number) is out of range: it has to be \(bounds)")
            return nil
        }
        return number
    }

    /// A length of time within `range`, in seconds.
    func seconds(_ range: ClosedRange<Duration>, such example: String) -> Double? {
        guard
            let duration = parsed("a duration with its unit", such: example, { Duration(text: $0) })
        else { return nil }
        guard range.contains(duration) else {
            refuse(
                "\(duration.text) is out of range: it has to be from \(range.lowerBound.text) to \(range.upperBound.text)"
            )
            return nil
        }
        return duration.inSeconds
    }

    /// The values of a list, at most 10,000; `example` is what would be right.
    func list(such example: String) -> [SpecValue]? {
        guard let sequence = node.sequence else {
            refuse("is \(kind), not a list; write \(example)")
            return nil
        }
        guard sequence.count <= 10_000 else {
            refuse("has \(sequence.count) entries: more than 10000 are not read")
            return nil
        }
        return sequence.enumerated().map { SpecValue(node: $1, key: "\(key)[\($0)]", problems: problems) }
    }

    /// The keys and values of a mapping; `example` is what would be right.
    func mapping(such example: String) -> SpecMapping? {
        guard let mapping = node.mapping else {
            refuse("is \(kind), not a mapping; write \(example)")
            return nil
        }
        return SpecMapping(mapping, of: self)
    }
}

/// A text of the operator's in a message: not all of it.
func shortened(_ text: String, _ most: Int = 60) -> String {
    text.count > most ? text.prefix(most) + "…" : text
}
