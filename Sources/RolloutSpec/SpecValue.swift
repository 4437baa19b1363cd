import DefragTypes
import Settings
import YAML

/// One value of a specification, with its place and its key.
struct SpecValue {
    let node: YAMLNode
    /// Such as `strategy.ramp[2]`; empty for the whole.
    let key: String

    /// That this value is wrong.
    func refused(_ message: String) -> SpecErrors { SpecErrors(node.place, key, message) }

    /// What it is, for messages.
    private var kind: String {
        switch node.content {
        case .mapping: "a mapping"
        case .sequence: "a list"
        case .scalar: isEmpty ? "nothing" : "a single value"
        }
    }

    /// Whether there is only YAML's word for nothing.
    var isEmpty: Bool {
        guard case .scalar(let text, isPlain: true) = node.content else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(text)
    }

    /// A text; `example` is what would be right.
    func text(such example: String) throws(SpecErrors) -> String {
        guard let text = node.text, !isEmpty else { throw refused("is \(kind); write \(example)") }
        return text
    }

    /// What `read` makes of the text; `example` is what would be right.
    func parsed<Value>(
        _ what: String, such example: String, _ read: (String) -> Value?
    ) throws(SpecErrors) -> Value {
        let text = try text(such: example)
        guard let value = read(text) else {
            throw refused("'\(shortened(text))' is not \(what); write \(example)")
        }
        return value
    }

    /// A whole number within `range`.
    func number(_ range: ClosedRange<Int>, such example: Int) throws(SpecErrors) -> Int {
        let number = try parsed("a whole number", such: "a number such as \(example)") { Int($0) }
        guard range.contains(number) else {
            let bounds =
                range.upperBound == .max
                ? "at least \(range.lowerBound)" : "from \(range.lowerBound) to \(range.upperBound)"
            throw refused("\(number) is out of range: it has to be \(bounds)")
        }
        return number
    }

    /// A length of time within `range`, in seconds.
    func seconds(_ range: ClosedRange<Duration>, such example: String) throws(SpecErrors) -> Double {
        let duration = try parsed("a duration with its unit", such: "one such as \(example)") {
            Duration(text: $0)
        }
        guard range.contains(duration) else {
            throw refused(
                "\(duration.text) is out of range: it has to be from \(range.lowerBound.text) to \(range.upperBound.text)"
            )
        }
        return duration.inSeconds
    }

    /// What `read` makes of the values of a list, at most 10,000; `example` is what would be right.
    func list<Element>(
        such example: String, _ read: (SpecValue) throws(SpecErrors) -> Element
    ) throws(SpecErrors) -> [Element] {
        guard let nodes = node.sequence else { throw refused("is \(kind), not a list; write \(example)") }
        guard nodes.count <= 10_000 else {
            throw refused("has \(nodes.count) entries: more than 10000 are not read")
        }
        var errors = SpecErrors()
        var elements: [Element] = []
        for (index, node) in nodes.enumerated() {
            let value = SpecValue(node: node, key: "\(key)[\(index)]")
            let element = errors.collect { () throws(SpecErrors) in try read(value) }
            if let element { elements.append(element) }
        }
        guard errors.problems.isEmpty else { throw errors }
        return elements
    }

    /// A list that is not empty; `remedy` is what to write if it is, `example` by default.
    func filledList<Element>(
        such example: String, remedy: String? = nil, _ read: (SpecValue) throws(SpecErrors) -> Element
    ) throws(SpecErrors) -> [Element] {
        let list = try list(such: example, read)
        if list.isEmpty { throw refused("is empty; write \(remedy ?? example)") }
        return list
    }

    /// The keys and values of a mapping, in which only `known` keys may be; `example` is what would be right.
    func mapping(such example: String, known: [String]? = nil) throws(SpecErrors) -> SpecMapping {
        guard let entries = node.mapping else { throw refused("is \(kind), not a mapping; write \(example)") }
        return SpecMapping(entries, of: self, known: known)
    }

    /// What `read` makes of the values of a mapping whose keys are labels.
    func labels<Value>(
        such example: String, _ read: (SpecValue) throws(SpecErrors) -> Value
    ) throws(SpecErrors) -> [String: Value] {
        var mapping = try mapping(such: example)
        var labels: [String: Value] = [:]
        for (name, value) in mapping.entries {
            if !isLabel(name) {
                mapping.errors.add(value.refused("a label has 1 to 63 of a-z, A-Z, 0-9 and -_."))
            }
            labels[name] = mapping.errors.collect { () throws(SpecErrors) in try read(value) }
        }
        guard mapping.errors.problems.isEmpty else { throw mapping.errors }
        return labels
    }
}
