/// A place in a document from which a type reads itself.
struct ValueDecoder: Decoder {
    let value: Value
    let place: Place?

    var codingPath: [any CodingKey] { place.path }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard value.isObject else { throw mismatch("an object", [String: Any].self) }
        return KeyedDecodingContainer(KeyedValues(object: value, place: place))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard value.isArray else { throw mismatch("an array", [Any].self) }
        return UnkeyedValues(array: value, place: place)
    }

    func singleValueContainer() -> any SingleValueDecodingContainer { self }

    private func mismatch(_ expected: String, _ type: Any.Type) -> DecodingError {
        .typeMismatch(
            type,
            .init(
                codingPath: codingPath, debugDescription: "expected \(expected), found \(value.content.noun)")
        )
    }
}

extension ValueDecoder: SingleValueDecodingContainer {
    func decodeNil() -> Bool { value.isNull }

    func decode(_ type: Bool.Type) throws -> Bool {
        guard case .boolean(let value) = value.content else { throw mismatch("true or false", type) }
        return value
    }

    func decode(_ type: String.Type) throws -> String {
        guard case .string(let value) = value.content else { throw mismatch("a string", type) }
        return value
    }

    func decode(_ type: Double.Type) throws -> Double {
        switch value.content {
        case .real(let value): return value
        case .integer(let value): return Double(value)
        default: throw mismatch("a number", type)
        }
    }

    func decode(_ type: Float.Type) throws -> Float {
        let value = Float(try decode(Double.self))
        guard value.isFinite else { throw outOfRange(type) }
        return value
    }

    private func integer<T: FixedWidthInteger>(_ type: T.Type) throws -> T {
        guard case .integer(let value) = value.content else { throw mismatch("an integer", type) }
        guard let narrow = T(exactly: value) else { throw outOfRange(type) }
        return narrow
    }

    private func outOfRange(_ type: Any.Type) -> JSONError {
        JSONError(.outOfRange, "out of the range of \(type)", path: jsonPath(codingPath))
    }

    func decode(_ type: Int.Type) throws -> Int { try integer(type) }
    func decode(_ type: Int8.Type) throws -> Int8 { try integer(type) }
    func decode(_ type: Int16.Type) throws -> Int16 { try integer(type) }
    func decode(_ type: Int32.Type) throws -> Int32 { try integer(type) }
    func decode(_ type: Int64.Type) throws -> Int64 { try integer(type) }
    func decode(_ type: Int128.Type) throws -> Int128 { try integer(type) }
    func decode(_ type: UInt.Type) throws -> UInt { try integer(type) }
    func decode(_ type: UInt8.Type) throws -> UInt8 { try integer(type) }
    func decode(_ type: UInt16.Type) throws -> UInt16 { try integer(type) }
    func decode(_ type: UInt32.Type) throws -> UInt32 { try integer(type) }
    func decode(_ type: UInt64.Type) throws -> UInt64 { try integer(type) }
    func decode(_ type: UInt128.Type) throws -> UInt128 { try integer(type) }

    func decode<T: Decodable>(_ type: T.Type) throws -> T { try T(from: self) }
}

extension Value.Content {
    /// For error messages.
    fileprivate var noun: String {
        switch self {
        case .object: "an object"
        case .array: "an array"
        case .null: "null"
        case .string: "a string"
        case .integer: "an integer"
        case .real: "a number with a fraction"
        case .boolean(let value): "\(value)"
        }
    }
}

/// The members of an object. The generic `decode` serves all types: each reads itself.
private struct KeyedValues<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let object: Value
    let place: Place?

    var codingPath: [any CodingKey] { place.path }
    var allKeys: [Key] { object.members.compactMap { Key(stringValue: $0.key) } }

    func contains(_ key: Key) -> Bool { object.member(key.stringValue) != nil }

    func decodeNil(forKey key: Key) throws -> Bool { try decoder(key).value.isNull }

    func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T { try T(from: decoder(key)) }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> {
        try decoder(key).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try decoder(key).unkeyedContainer()
    }

    func superDecoder() throws -> any Decoder { try decoder(SuperKey()) }
    func superDecoder(forKey key: Key) throws -> any Decoder { try decoder(key) }

    private func decoder(_ key: some CodingKey) throws -> ValueDecoder {
        guard let value = object.member(key.stringValue) else {
            throw DecodingError.keyNotFound(key, .init(codingPath: codingPath, debugDescription: "missing"))
        }
        return ValueDecoder(value: value, place: Place(key, in: place))
    }
}

/// The elements of an array, one after the other.
private struct UnkeyedValues: UnkeyedDecodingContainer {
    let array: Value
    let place: Place?
    private(set) var currentIndex = 0

    init(array: Value, place: Place?) {
        self.array = array
        self.place = place
    }

    var codingPath: [any CodingKey] { place.path }
    var count: Int? { array.count }
    var isAtEnd: Bool { currentIndex >= array.count }

    mutating func decodeNil() throws -> Bool {
        let isNull = try current().value.isNull
        if isNull { currentIndex += 1 }
        return isNull
    }

    mutating func decode<T: Decodable>(_ type: T.Type) throws -> T { try next { try T(from: $0) } }

    mutating func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type
    ) throws -> KeyedDecodingContainer<Nested> {
        try next { try $0.container(keyedBy: type) }
    }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
        try next { try $0.unkeyedContainer() }
    }

    mutating func superDecoder() throws -> any Decoder { try next { $0 } }

    /// Advances only when `read` succeeds, as the protocol requires.
    private mutating func next<T>(_ read: (ValueDecoder) throws -> T) throws -> T {
        let result = try read(current())
        currentIndex += 1
        return result
    }

    private func current() throws -> ValueDecoder {
        let place = Place(Index(currentIndex), in: place)
        guard let value = array.element(currentIndex) else {
            throw DecodingError.valueNotFound(
                Any.self, .init(codingPath: place.path, debugDescription: "missing: the array ends before it")
            )
        }
        return ValueDecoder(value: value, place: place)
    }
}
