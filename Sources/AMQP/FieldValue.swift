/// A value in a table: message headers, arguments of a declaration.
public enum FieldValue: Hashable, Sendable {
    case bool(Bool)
    case integer(Int64)
    case double(Double)
    case string(String)
    case bytes([UInt8])
    /// Seconds since 1970.
    case timestamp(UInt64)
    case array([FieldValue])
    case table([String: FieldValue])
    /// No value, or one of a kind that is not represented here.
    case null

    /// The integer, if it is one.
    public var integerValue: Int64? {
        if case .integer(let value) = self { value } else { nil }
    }

    /// The text, if it is one.
    public var stringValue: String? {
        if case .string(let value) = self { value } else { nil }
    }
}

extension FieldValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral {
    public init(stringLiteral value: String) { self = .string(value) }
    public init(integerLiteral value: Int64) { self = .integer(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
}

extension FieldValue {
    /// An upper bound of the bytes it takes in a frame.
    var encodedSize: Int {
        switch self {
        case .bool, .null: 2
        case .integer, .double, .timestamp: 9
        case .string(let text): 5 + text.utf8.count
        case .bytes(let bytes): 5 + bytes.count
        case .array(let values): values.reduce(5) { $0 + $1.encodedSize }
        case .table(let table): 1 + table.encodedSize
        }
    }
}

extension [String: FieldValue] {
    /// An upper bound of the bytes it takes in a frame.
    var encodedSize: Int { reduce(4) { $0 + 1 + $1.key.utf8.count + $1.value.encodedSize } }
}
