import CJansson

/// One value of jansson's, with one reference to it: it and all that it contains live as long as this does, even
/// when a container that held it releases it.
final class Value {
    private let pointer: UnsafeMutablePointer<json_t>

    /// jansson hashes keys with a seed that it sets on first use, which its manual forbids to race.
    private static let seed: Void = json_object_seed(0)

    /// Takes over a new reference. jansson returns none only without memory, where Swift traps too.
    private init(new pointer: UnsafeMutablePointer<json_t>?) {
        guard let pointer else { fatalError("out of memory for a JSON value") }
        self.pointer = pointer
    }

    /// Adds a reference to a value that another one holds.
    private init(borrowed pointer: UnsafeMutablePointer<json_t>) {
        self.pointer = json_incref(pointer)
    }

    deinit { json_decref(pointer) }
}

// MARK: Reading

extension Value {
    /// What a value is. Objects and arrays are read through `member`, `element`, `count`, `keys`.
    enum Content {
        case object, array, null
        case string(String)
        case integer(Int64)
        case real(Double)
        case boolean(Bool)
    }

    /// Parses a document. Limits are checked before, by ``JSONLimits``.
    ///
    /// jansson refuses, as RFC 8259 requires: anything after the document, invalid UTF-8, `NaN`, overflowing numbers;
    /// and with these flags duplicate keys and `\u0000`, at which C programs behind us would cut strings.
    static func parse(_ bytes: UnsafeBufferPointer<UInt8>) throws(JSONError) -> Value {
        _ = seed
        var error = json_error_t()
        let flags = JSON_REJECT_DUPLICATES | JSON_DECODE_ANY
        // An empty buffer may have no address, which jansson rejects as a wrong argument.
        let root =
            bytes.isEmpty
            ? json_loadb("", 0, Int(flags), &error)
            : bytes.withMemoryRebound(to: CChar.self) {
                json_loadb($0.baseAddress, $0.count, Int(flags), &error)
            }
        guard let root else { throw JSONError(error) }
        return Value(new: root)
    }

    var content: Content {
        switch pointer.pointee.type {
        case JSON_OBJECT: .object
        case JSON_ARRAY: .array
        case JSON_STRING: .string(text(json_string_value(pointer), json_string_length(pointer)))
        case JSON_INTEGER: .integer(json_integer_value(pointer))
        case JSON_REAL: .real(json_real_value(pointer))
        case JSON_TRUE: .boolean(true)
        case JSON_FALSE: .boolean(false)
        default: .null
        }
    }

    var isObject: Bool { pointer.pointee.type == JSON_OBJECT }
    var isArray: Bool { pointer.pointee.type == JSON_ARRAY }
    var isNull: Bool { pointer.pointee.type == JSON_NULL }

    /// Elements of an array; zero for anything else.
    var count: Int { json_array_size(pointer) }

    /// Element `index` of an array.
    func element(_ index: Int) -> Value? {
        json_array_get(pointer, index).map(Value.init(borrowed:))
    }

    /// The value of `key` in an object.
    func member(_ key: String) -> Value? {
        key.withUTF8Pointer { json_object_getn(pointer, $0, $1) }.map(Value.init(borrowed:))
    }

    /// Keys and values of an object, in the order in which they were set.
    var members: [(key: String, value: Value)] {
        var members: [(key: String, value: Value)] = []
        var iterator = json_object_iter(pointer)
        while let current = iterator {
            if let value = json_object_iter_value(current) {
                let key = text(json_object_iter_key(current), json_object_iter_key_len(current))
                members.append((key, Value(borrowed: value)))
            }
            iterator = json_object_iter_next(pointer, current)
        }
        return members
    }

    private func text(_ start: UnsafePointer<CChar>?, _ length: Int) -> String {
        String(decoding: UnsafeRawBufferPointer(start: start, count: length), as: UTF8.self)
    }
}

// MARK: Building

extension Value {
    static func object() -> Value {
        _ = seed
        return Value(new: json_object())
    }

    static func array() -> Value { Value(new: json_array()) }
    static func null() -> Value { Value(new: json_null()) }
    static func boolean(_ value: Bool) -> Value { Value(new: value ? json_true() : json_false()) }
    static func integer(_ value: Int64) -> Value { Value(new: json_integer(value)) }

    /// `value` must be finite.
    static func real(_ value: Double) -> Value { Value(new: json_real(value)) }

    static func string(_ value: String) -> Value {
        Value(new: value.withUTF8Pointer { json_stringn_nocheck($0, $1) })
    }

    /// Sets `key` of this object; a repeated key replaces the first value.
    func set(_ key: String, _ value: Value) {
        let failed = key.withUTF8Pointer {
            json_object_setn_new_nocheck(pointer, $0, $1, json_incref(value.pointer))
        }
        precondition(failed == 0, "no object, or out of memory for a JSON value")
    }

    /// Appends to this array.
    func append(_ value: Value) {
        precondition(
            json_array_append_new(pointer, json_incref(value.pointer)) == 0,
            "no array, or out of memory for a JSON value")
    }

    /// Replaces element `index` of this array.
    func replace(_ index: Int, _ value: Value) {
        precondition(
            json_array_set_new(pointer, index, json_incref(value.pointer)) == 0, "no such element")
    }
}

extension String {
    /// Calls `body` with the text as UTF-8 and its length in bytes.
    fileprivate func withUTF8Pointer<Result>(_ body: (UnsafePointer<CChar>, Int) -> Result) -> Result {
        withCString { body($0, utf8.count) }
    }
}

extension JSONError {
    /// What jansson reported.
    fileprivate init(_ error: json_error_t) {
        let (code, text) = withUnsafePointer(to: error) {
            (reflow_json_error_code($0), String(cString: reflow_json_error_text($0)))
        }
        // jansson quotes the document, which may hold anything, terminal escapes too.
        let printable = String(text.map { $0.unicodeScalars.allSatisfy { $0.value >= 0x20 } ? $0 : " " })
        let ours: Code =
            switch UInt32(code) {
            case json_error_invalid_utf8.rawValue, json_error_null_character.rawValue,
                json_error_null_byte_in_key.rawValue:
                .invalidText
            case json_error_duplicate_key.rawValue: .duplicateKey
            case json_error_numeric_overflow.rawValue: .outOfRange
            case json_error_stack_overflow.rawValue: .tooDeep
            default: .syntax
            }
        self.init(
            ours, printable, at: Position(line: max(1, Int(error.line)), column: max(1, Int(error.column))))
    }
}
