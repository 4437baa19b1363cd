/// A value of a YAML text, with its place.
public struct YAMLNode: Sendable {
    /// Where it begins.
    public let place: TextPlace
    /// What it is.
    public let content: Content

    /// What a value is. No tag is looked at.
    public enum Content: Sendable {
        /// The text as it is written: `22:00` is no number in base 60, `no` no truth value. Plain is what has neither quotes
        /// nor a block's indicator.
        case scalar(String, isPlain: Bool)
        /// The values of a list.
        case sequence([YAMLNode])
        /// Keys and values in the order of the text. A key may be repeated, or be no scalar.
        case mapping([(key: YAMLNode, value: YAMLNode)])
    }

    /// The text of a scalar.
    public var text: String? { if case .scalar(let text, _) = content { text } else { nil } }

    /// The values of a sequence.
    public var sequence: [YAMLNode]? { if case .sequence(let values) = content { values } else { nil } }

    /// The keys and values of a mapping.
    public var mapping: [(key: YAMLNode, value: YAMLNode)]? {
        if case .mapping(let entries) = content { entries } else { nil }
    }

    /// The value of `key` in a mapping, the last one if it is repeated.
    public subscript(key: String) -> YAMLNode? { mapping?.last { $0.key.text == key }?.value }
}

/// A place in a text: `line 2, column 18`. Both count from 1; columns are Unicode scalars.
public struct TextPlace: Hashable, Sendable, CustomStringConvertible {
    /// The line.
    public var line: Int
    /// The column.
    public var column: Int

    public var description: String { "line \(line), column \(column)" }
}
