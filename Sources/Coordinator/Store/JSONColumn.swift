import JSON

/// Values in a column as JSON.
enum JSONColumn {
    /// What we have written ourselves, a specification of a megabyte included.
    private static let limits = JSONLimits(maxBytes: 64 << 20, maxValues: 1 << 22)

    /// `value` as text.
    static func text(_ value: some Encodable) throws -> String {
        try JSONEncoder().text(value)
    }

    /// The `T` that `text` is.
    static func value<T: Decodable>(_ text: String, as type: T.Type = T.self) throws -> T {
        try JSONDecoder(limits: limits).decode(from: text)
    }
}
