/// Reads values from JSON, strictly: within limits, without duplicate keys, without silent conversions.
///
/// - Integers are those of 64 bits signed, range-checked for the type asked for; `1.0` is no integer.
/// - An integer is accepted where a floating-point number is expected.
/// - Keys that a type does not ask for are ignored.
public struct JSONDecoder: Sendable {
    private let limits: JSONLimits

    /// A decoder that refuses what exceeds `limits`.
    public init(limits: JSONLimits = JSONLimits()) {
        self.limits = limits
    }

    /// Reads a `type` from `bytes`, which must be one JSON document in UTF-8 and nothing else.
    ///
    /// - Throws: ``JSONError``, also in place of a `DecodingError`; any other error of a type's own `init(from:)` as
    ///   it is.
    public func decode<T: Decodable>(
        _ type: T.Type = T.self, from bytes: some Collection<UInt8>
    ) throws -> T {
        do {
            let root =
                try bytes.withContiguousStorageIfAvailable(parse)
                ?? Array(bytes).withUnsafeBufferPointer(parse)
            return try T(from: ValueDecoder(value: root, place: nil))
        } catch let error as DecodingError {
            throw JSONError(error)
        }
    }

    /// Reads a `type` from `text`; throws as the other `decode` does.
    public func decode<T: Decodable>(_ type: T.Type = T.self, from text: String) throws -> T {
        try decode(type, from: text.utf8)
    }

    private func parse(_ bytes: UnsafeBufferPointer<UInt8>) throws -> Value {
        try limits.check(bytes)
        return try Value.parse(bytes)
    }
}
