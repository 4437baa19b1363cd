/// A place in a document to which a type writes itself.
///
/// A type may ask for its container again, or let another value write into the same object first: every container
/// of one place is the same object or array.
final class ValueEncoder: Encoder {
    let place: Place?
    /// The value that was written; `nil` before that.
    private(set) var value: Value?
    /// Puts the value where it belongs, as soon as it exists; containers are filled afterwards.
    private let store: (Value) -> Void

    init(at place: Place?, store: @escaping (Value) -> Void = { _ in }) {
        self.place = place
        self.store = store
    }

    var codingPath: [any CodingKey] { place.path }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        let object = shared(Value.object, where: \.isObject)
        return KeyedEncodingContainer(KeyedWriter(object: object, place: place))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        UnkeyedWriter(array: shared(Value.array, where: \.isArray), place: place)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer { SingleWriter(encoder: self) }

    fileprivate func set(_ new: Value) {
        value = new
        store(new)
    }

    private func shared(_ make: () -> Value, where matches: (Value) -> Bool) -> Value {
        if let value {
            precondition(matches(value), "containers of different kinds at \(jsonPath(codingPath))")
            return value
        }
        let new = make()
        set(new)
        return new
    }

    /// What `value` writes; an empty object if it writes nothing, as an empty type does.
    fileprivate static func value(of value: some Encodable, at place: Place) throws -> Value {
        let encoder = ValueEncoder(at: place)
        try value.encode(to: encoder)
        return encoder.value ?? .object()
    }
}

private struct SingleWriter: SingleValueEncodingContainer {
    let encoder: ValueEncoder

    var codingPath: [any CodingKey] { encoder.codingPath }

    func encodeNil() { encoder.set(.null()) }
    func encode(_ value: Bool) { encoder.set(.boolean(value)) }
    func encode(_ value: String) { encoder.set(.string(value)) }
    func encode(_ value: Float) throws { try real(value, text: value.description) }
    func encode(_ value: Double) throws { try real(value, text: value.description) }

    /// A `Float` is converted through its shortest text: 0.1 must not become 0.10000000149011612.
    private func real(_ value: some BinaryFloatingPoint, text: String) throws(JSONError) {
        guard value.isFinite, let wide = Double(text) else { throw refused("\(text) is no number in JSON") }
        encoder.set(.real(wide))
    }

    private func integer(_ value: some FixedWidthInteger) throws(JSONError) {
        guard let narrow = Int64(exactly: value) else {
            throw refused("\(value) does not fit into 64 bits signed")
        }
        encoder.set(.integer(narrow))
    }

    private func refused(_ detail: String) -> JSONError {
        JSONError(.outOfRange, detail, path: jsonPath(codingPath))
    }

    func encode(_ value: Int) throws { try integer(value) }
    func encode(_ value: Int8) throws { try integer(value) }
    func encode(_ value: Int16) throws { try integer(value) }
    func encode(_ value: Int32) throws { try integer(value) }
    func encode(_ value: Int64) throws { try integer(value) }
    func encode(_ value: Int128) throws { try integer(value) }
    func encode(_ value: UInt) throws { try integer(value) }
    func encode(_ value: UInt8) throws { try integer(value) }
    func encode(_ value: UInt16) throws { try integer(value) }
    func encode(_ value: UInt32) throws { try integer(value) }
    func encode(_ value: UInt64) throws { try integer(value) }
    func encode(_ value: UInt128) throws { try integer(value) }

    func encode(_ value: some Encodable) throws { try value.encode(to: encoder) }
}

/// The members of an object. The generic `encode` serves all types: each writes itself.
private struct KeyedWriter<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let object: Value
    let place: Place?

    var codingPath: [any CodingKey] { place.path }

    func encodeNil(forKey key: Key) { object.set(key.stringValue, .null()) }

    func encode(_ value: some Encodable, forKey key: Key) throws {
        object.set(key.stringValue, try ValueEncoder.value(of: value, at: Place(key, in: place)))
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) -> KeyedEncodingContainer<Nested> {
        encoder(key).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
        encoder(key).unkeyedContainer()
    }

    func superEncoder() -> any Encoder { encoder(SuperKey()) }
    func superEncoder(forKey key: Key) -> any Encoder { encoder(key) }

    private func encoder(_ key: some CodingKey) -> ValueEncoder {
        ValueEncoder(at: Place(key, in: place)) { [object] in object.set(key.stringValue, $0) }
    }
}

/// The elements of an array, one after the other.
private struct UnkeyedWriter: UnkeyedEncodingContainer {
    let array: Value
    let place: Place?

    var codingPath: [any CodingKey] { place.path }
    var count: Int { array.count }

    func encodeNil() { array.append(.null()) }

    func encode(_ value: some Encodable) throws {
        array.append(try ValueEncoder.value(of: value, at: Place(Index(count), in: place)))
    }

    func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) -> KeyedEncodingContainer<Nested> {
        encoder().container(keyedBy: type)
    }

    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { encoder().unkeyedContainer() }

    func superEncoder() -> any Encoder { encoder() }

    /// Reserves the place in the array until something is written.
    private func encoder() -> ValueEncoder {
        let index = count
        array.append(.null())
        return ValueEncoder(at: Place(Index(index), in: place)) { [array] in array.replace(index, $0) }
    }
}
