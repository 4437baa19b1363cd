import DefragTypes

/// One field of a message, as its type's own decoding asks for it.
struct RecordedField: Hashable {
    /// Names from the outside in: `["result", "notes", "[0]", "message"]`.
    var path: [String]
    var isOptional: Bool
    /// `nil` for an object, whose fields are recorded for themselves, and for true or false.
    var shape: Shape?
    /// The texts that a field can be, where they are a few.
    var choices: [String]?
    var type: String
}

/// The fields that a type decodes.
func recordedFields(of type: (some Decodable).Type) throws -> [RecordedField] {
    let record = FieldRecord()
    _ = try type.init(from: FieldRecorder(codingPath: [], record: record))
    return record.fields
}

final class FieldRecord {
    var fields: [RecordedField] = []
}

/// Hands a type made-up values, and notes what it asks for.
struct FieldRecorder: Decoder {
    let codingPath: [any CodingKey]
    let record: FieldRecord
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedDecodingContainer<Key> {
        KeyedDecodingContainer(RecordingKeys(recorder: self))
    }

    func unkeyedContainer() -> any UnkeyedDecodingContainer { RecordingElements(recorder: self) }
    func singleValueContainer() -> any SingleValueDecodingContainer { self }

    /// Notes the field `key`, and makes a value for it.
    func make<T: Decodable>(_ type: T.Type, _ key: some CodingKey, isOptional: Bool) throws -> T {
        let path = codingPath + [key]
        var field = RecordedField(path: path.map(\.stringValue), isOptional: isOptional, type: "\(type)")
        field.shape = (type as? any SelfDescribing.Type)?.shape
        if let cases = type as? any CaseIterable.Type { field.choices = choices(of: cases) }
        record.fields.append(field)
        if let first = (type as? any CaseIterable.Type)?.first as? T { return first }
        if let empty = PolicyOverrides() as? T { return empty }
        if let time = Timestamp.now as? T { return time }
        return try T(from: FieldRecorder(codingPath: path, record: record))
    }

    private func choices<T: CaseIterable>(of type: T.Type) -> [String] {
        T.allCases.compactMap { ($0 as? any RawRepresentable<String>)?.rawValue }
    }
}

extension CaseIterable {
    fileprivate static var first: Any? { allCases.first }
}

extension FieldRecorder: SingleValueDecodingContainer {
    func decodeNil() -> Bool { false }
    func decode(_ type: Bool.Type) -> Bool { true }
    func decode(_ type: String.Type) -> String {
        switch codingPath.last?.stringValue {
        case "specversion": "1.0"
        case "reflowversion": "1.2"
        case "time", "certificateExpires": "2026-11-22T21:03:26.512Z"
        case "type": RecordedBody.type
        default: "x"
        }
    }
    func decode(_ type: Double.Type) -> Double { 1 }
    func decode(_ type: Float.Type) -> Float { 1 }
    func decode(_ type: Int.Type) -> Int { 1 }
    func decode(_ type: Int8.Type) -> Int8 { 1 }
    func decode(_ type: Int16.Type) -> Int16 { 1 }
    func decode(_ type: Int32.Type) -> Int32 { 1 }
    func decode(_ type: Int64.Type) -> Int64 { 1 }
    func decode(_ type: UInt.Type) -> UInt { 1 }
    func decode(_ type: UInt8.Type) -> UInt8 { 1 }
    func decode(_ type: UInt16.Type) -> UInt16 { 1 }
    func decode(_ type: UInt32.Type) -> UInt32 { 1 }
    func decode(_ type: UInt64.Type) -> UInt64 { 1 }
    func decode<T: Decodable>(_ type: T.Type) throws -> T { try T(from: self) }
}

private struct RecordingKeys<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let recorder: FieldRecorder
    var codingPath: [any CodingKey] { recorder.codingPath }
    var allKeys: [Key] { [] }

    func contains(_ key: Key) -> Bool { true }
    func decodeNil(forKey key: Key) -> Bool { false }
    func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
        try recorder.make(type, key, isOptional: false)
    }
    func decodeIfPresent<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T? {
        try recorder.make(type, key, isOptional: true)
    }
    func decodeIfPresent(_ type: Bool.Type, forKey key: Key) throws -> Bool? {
        try recorder.make(type, key, isOptional: true)
    }
    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) -> KeyedDecodingContainer<Nested> {
        inner(key).container(keyedBy: type)
    }
    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedDecodingContainer {
        inner(key).unkeyedContainer()
    }
    func superDecoder() -> any Decoder { recorder }
    func superDecoder(forKey key: Key) -> any Decoder { inner(key) }

    private func inner(_ key: Key) -> FieldRecorder {
        FieldRecorder(codingPath: codingPath + [key], record: recorder.record)
    }
}

/// A list that ends when its reader asks whether it does.
private struct RecordingElements: UnkeyedDecodingContainer {
    let recorder: FieldRecorder
    var codingPath: [any CodingKey] { recorder.codingPath }
    var count: Int? { nil }
    private(set) var currentIndex = 0
    var isAtEnd: Bool { currentIndex > 0 }

    init(recorder: FieldRecorder) { self.recorder = recorder }

    mutating func decodeNil() -> Bool { false }
    mutating func decode<T: Decodable>(_ type: T.Type) throws -> T {
        defer { currentIndex += 1 }
        return try recorder.make(type, ElementKey(currentIndex), isOptional: false)
    }
    mutating func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type
    ) -> KeyedDecodingContainer<Nested> {
        inner().container(keyedBy: type)
    }
    mutating func nestedUnkeyedContainer() -> any UnkeyedDecodingContainer { inner().unkeyedContainer() }
    mutating func superDecoder() -> any Decoder { inner() }

    private mutating func inner() -> FieldRecorder {
        defer { currentIndex += 1 }
        return FieldRecorder(
            codingPath: codingPath + [ElementKey(currentIndex)], record: recorder.record)
    }
}

private struct ElementKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(_ index: Int) { stringValue = "[\(index)]" }
    init?(stringValue: String) { nil }
    init?(intValue: Int) { nil }
}
