import Settings
import YAML

/// A mapping of a specification, and what was found wrong with it so far.
struct SpecMapping {
    /// What is wrong with its keys and with the values that were read.
    var errors = SpecErrors()
    /// Its keys, each of them once, and their values, in the order of the text.
    private(set) var entries: [(name: String, value: SpecValue)] = []
    private let value: SpecValue

    /// A mapping in which only `known` keys may be; `nil` for any.
    init(_ nodes: [(key: YAMLNode, value: YAMLNode)], of value: SpecValue, known: [String]?) {
        self.value = value
        let last = Dictionary(
            nodes.compactMap { node in node.key.text.map { ($0, node.key.place) } }, uniquingKeysWith: { $1 })
        for (key, node) in nodes {
            guard let name = key.text else {
                errors.add(SpecErrors(key.place, value.key, "a key has to be a single word"))
                continue
            }
            if let other = last[name], other != key.place {
                errors.add(
                    SpecErrors(
                        key.place, path(name),
                        "stands again in line \(other.line): only one of them can be meant"))
            } else {
                entries.append((name, SpecValue(node: node, key: path(name))))
                guard let known, !known.contains(name) else { continue }
                let hint = nearest(to: name, among: known).map { "did you mean '\($0)'?" }
                let message = "is no key here; \(hint ?? "known are \(known.joined(separator: ", "))")"
                errors.add(SpecErrors(key.place, path(shortened(name)), message))
            }
            if errors.problems.count == SpecErrors.most { break }
        }
    }

    private func path(_ key: String) -> String { value.key.isEmpty ? key : "\(value.key).\(key)" }

    /// Whether `key` is there.
    func has(_ key: String) -> Bool { entries.contains { $0.name == key } }

    /// What `read` makes of the value of `key`; `nil` if it is not there or wrong.
    @discardableResult
    mutating func read<Value>(
        _ key: String, _ read: (SpecValue) throws(SpecErrors) -> Value
    ) -> Value? {
        guard let value = entries.first(where: { $0.name == key })?.value else { return nil }
        return errors.collect { () throws(SpecErrors) in
            if value.isEmpty { throw value.refused("has no value; write one, or leave the key out") }
            return try read(value)
        }
    }

    /// Sets `target` to what `read` makes of the value of `key`, if it is there and right.
    mutating func read<Value>(
        _ key: String, into target: inout Value, _ read: (SpecValue) throws(SpecErrors) -> Value
    ) {
        target = self.read(key, read) ?? target
    }

    /// What `read` makes of the value of `key`, which has to be there; `example` is what would be right.
    mutating func required<Value>(
        _ key: String, such example: String, _ read: (SpecValue) throws(SpecErrors) -> Value
    ) -> Value? {
        require(key, such: example)
        return self.read(key, read)
    }

    /// Notes that `key` has to be there.
    mutating func require(_ key: String, such example: String) {
        if !has(key) { errors.add(SpecErrors(value.node.place, path(key), "is missing; write \(example)")) }
    }
}
