import Settings
import Yams

/// A mapping of a specification.
struct SpecMapping {
    /// Its keys and values, in the order of the text.
    private(set) var entries: [(key: SpecKey, value: SpecValue)] = []
    private let value: SpecValue

    /// A key with its place.
    struct SpecKey {
        let name: String
        let node: Node
    }

    init(_ mapping: Node.Mapping, of value: SpecValue) {
        self.value = value
        for (node, child) in mapping {
            guard let scalar = node.scalar else {
                refuse(node, "", "a key has to be a single word")
                continue
            }
            if let name = value.problems.repeated[scalar.string] {
                let other = Array(mapping).last { $0.key.scalar?.string == name }?.key.mark?.line
                refuse(
                    node, name,
                    "stands again\(other.map { " in line \($0)" } ?? ""): only one of them can be meant")
                continue
            }
            let key = value.key.isEmpty ? scalar.string : "\(value.key).\(scalar.string)"
            entries.append(
                (
                    SpecKey(name: scalar.string, node: node),
                    SpecValue(node: child, key: key, problems: value.problems)
                ))
        }
    }

    /// Says that keys other than `known` are wrong, and which of those may be meant.
    func allow(_ known: [String]) {
        for (key, _) in entries where !known.contains(key.name) {
            let hint = nearest(to: key.name, among: known).map { "; did you mean '\($0)'?" } ?? ""
            refuse(
                key.node, shortened(key.name),
                "is no key here\(hint.isEmpty ? "; known are \(known.joined(separator: ", "))" : hint)")
        }
    }

    /// Whether `key` is there.
    func has(_ key: String) -> Bool { entries.contains { $0.key.name == key } }

    /// The value of `key`; `nil` if it is not there or nothing stands there.
    subscript(key: String) -> SpecValue? {
        guard let value = entries.last(where: { $0.key.name == key })?.value else { return nil }
        guard !value.isEmpty else {
            value.refuse("has no value; write one, or leave the key out")
            return nil
        }
        return value
    }

    /// The value of `key`, which has to be there; `example` is what would be right.
    func required(_ key: String, such example: String) -> SpecValue? {
        if !has(key) {
            refuse(value.node, key, "is missing; write \(example)")
        }
        return self[key]
    }

    private func refuse(_ node: Node, _ key: String, _ message: String) {
        let path = [value.key, key].filter { !$0.isEmpty }.joined(separator: ".")
        value.problems.add(
            SpecErrors.Problem(line: node.mark?.line, column: node.mark?.column, key: path, message: message))
    }
}
