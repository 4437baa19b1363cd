/// Writes values as JSON: keys in the order in which they were encoded, UTF-8 unescaped.
///
/// What ``JSONDecoder`` would refuse is not written: integers above `Int64.max`, numbers that are not finite, strings
/// with a NUL character.
public struct JSONEncoder: Sendable {
    private let pretty: Bool

    /// An encoder for one line, or if `pretty` for people: indented by two spaces.
    public init(pretty: Bool = false) {
        self.pretty = pretty
    }

    /// `value` as JSON in UTF-8.
    ///
    /// - Throws: ``JSONError``, also in place of an `EncodingError`; any other error of a type's own `encode(to:)` as
    ///   it is.
    public func encode(_ value: some Encodable) throws -> [UInt8] {
        let encoder = ValueEncoder(at: nil)
        do {
            try value.encode(to: encoder)
        } catch let error as EncodingError {
            throw JSONError(error)
        }
        var writer = Writer(pretty: pretty)
        try writer.write(encoder.value ?? .object())
        return writer.bytes
    }

    /// `value` as JSON text; throws as `encode` does.
    public func text(_ value: some Encodable) throws -> String {
        String(decoding: try encode(value), as: UTF8.self)
    }
}
