/// Two values that are an array of two in JSON.
extension Decoder {
    /// Both values; fails, saying `form`, where there are more.
    func pair<First: Decodable, Second: Decodable>(_ form: String) throws -> (First, Second) {
        var pair = try unkeyedContainer()
        let values = (try pair.decode(First.self), try pair.decode(Second.self))
        guard pair.isAtEnd else {
            throw DecodingError.dataCorruptedError(in: pair, debugDescription: form)
        }
        return values
    }
}

extension Encoder {
    /// Writes both values.
    func encode(_ first: some Encodable, _ second: some Encodable) throws {
        var pair = unkeyedContainer()
        try pair.encode(first)
        try pair.encode(second)
    }
}
