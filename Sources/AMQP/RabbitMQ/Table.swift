import CRabbitMQ

/// Memory for what goes into one frame; freed as a whole when the frame is sent.
struct Arena: ~Copyable {
    private var pool = amqp_pool_t()

    init() {
        init_amqp_pool(&pool, 4096)
    }

    deinit {
        var last = pool
        empty_amqp_pool(&last)
    }

    /// Forgets everything, keeps the memory.
    mutating func recycle() {
        recycle_amqp_pool(&pool)
    }

    mutating func bytes(_ text: String) -> amqp_bytes_t {
        var text = text
        return text.withUTF8 { copy(UnsafeRawBufferPointer($0)) }
    }

    mutating func bytes(_ bytes: [UInt8]) -> amqp_bytes_t {
        bytes.withUnsafeBytes { copy($0) }
    }

    mutating func table(_ table: [String: FieldValue]) -> amqp_table_t {
        guard !table.isEmpty else { return amqp_table_t(num_entries: 0, entries: nil) }
        let entries = allocate(amqp_table_entry_t.self, count: table.count)
        for (index, (key, value)) in table.enumerated() {
            entries[index] = amqp_table_entry_t(key: bytes(key), value: field(value))
        }
        return amqp_table_t(num_entries: Int32(table.count), entries: entries)
    }

    private mutating func field(_ value: FieldValue) -> amqp_field_value_t {
        var field = amqp_field_value_t()
        switch value {
        case .bool(let bool):
            field.kind = UInt8(AMQP_FIELD_KIND_BOOLEAN.rawValue)
            field.value.boolean = bool ? 1 : 0
        case .integer(let integer):
            field.kind = UInt8(AMQP_FIELD_KIND_I64.rawValue)
            field.value.i64 = integer
        case .double(let double):
            field.kind = UInt8(AMQP_FIELD_KIND_F64.rawValue)
            field.value.f64 = double
        case .string(let text):
            field.kind = UInt8(AMQP_FIELD_KIND_UTF8.rawValue)
            field.value.bytes = bytes(text)
        case .bytes(let content):
            field.kind = UInt8(AMQP_FIELD_KIND_BYTES.rawValue)
            field.value.bytes = bytes(content)
        case .timestamp(let seconds):
            field.kind = UInt8(AMQP_FIELD_KIND_TIMESTAMP.rawValue)
            field.value.u64 = seconds
        case .array(let values):
            field.kind = UInt8(AMQP_FIELD_KIND_ARRAY.rawValue)
            let entries = allocate(amqp_field_value_t.self, count: values.count)
            for (index, value) in values.enumerated() { entries[index] = self.field(value) }
            field.value.array = amqp_array_t(num_entries: Int32(values.count), entries: entries)
        case .table(let table):
            field.kind = UInt8(AMQP_FIELD_KIND_TABLE.rawValue)
            field.value.table = self.table(table)
        case .null:
            field.kind = UInt8(AMQP_FIELD_KIND_VOID.rawValue)
        }
        return field
    }

    private mutating func copy(_ source: UnsafeRawBufferPointer) -> amqp_bytes_t {
        guard !source.isEmpty else { return amqp_bytes_t(len: 0, bytes: nil) }
        let target = allocate(UInt8.self, count: source.count)
        UnsafeMutableRawBufferPointer(start: target, count: source.count).copyMemory(from: source)
        return amqp_bytes_t(len: source.count, bytes: target)
    }

    private mutating func allocate<T>(_ type: T.Type, count: Int) -> UnsafeMutablePointer<T> {
        guard let memory = amqp_pool_alloc(&pool, max(1, count) * MemoryLayout<T>.stride) else {
            fatalError("out of memory")
        }
        return memory.bindMemory(to: type, capacity: max(1, count))
    }
}

/// Tables nested deeper than this are cut off.
private let maxTableDepth = 32

extension String {
    /// The text in a frame; bytes that are not UTF-8 are replaced.
    init(_ bytes: amqp_bytes_t) {
        self.init(decoding: UnsafeRawBufferPointer(start: bytes.bytes, count: bytes.len), as: UTF8.self)
    }
}

extension [String: FieldValue] {
    /// A table in a frame.
    init(_ table: amqp_table_t, depth: Int = 0) {
        self.init()
        for entry in UnsafeBufferPointer(start: table.entries, count: Int(table.num_entries)) {
            self[String(entry.key)] = FieldValue(entry.value, depth: depth + 1)
        }
    }
}

extension FieldValue {
    /// A value in a frame.
    fileprivate init(_ field: amqp_field_value_t, depth: Int) {
        let value = field.value
        switch Int(field.kind) {
        case Int(AMQP_FIELD_KIND_BOOLEAN.rawValue): self = .bool(value.boolean != 0)
        case Int(AMQP_FIELD_KIND_I8.rawValue): self = .integer(Int64(value.i8))
        case Int(AMQP_FIELD_KIND_U8.rawValue): self = .integer(Int64(value.u8))
        case Int(AMQP_FIELD_KIND_I16.rawValue): self = .integer(Int64(value.i16))
        case Int(AMQP_FIELD_KIND_U16.rawValue): self = .integer(Int64(value.u16))
        case Int(AMQP_FIELD_KIND_I32.rawValue): self = .integer(Int64(value.i32))
        case Int(AMQP_FIELD_KIND_U32.rawValue): self = .integer(Int64(value.u32))
        case Int(AMQP_FIELD_KIND_I64.rawValue): self = .integer(value.i64)
        case Int(AMQP_FIELD_KIND_U64.rawValue): self = .integer(Int64(clamping: value.u64))
        case Int(AMQP_FIELD_KIND_F32.rawValue): self = .double(Double(value.f32))
        case Int(AMQP_FIELD_KIND_F64.rawValue): self = .double(value.f64)
        case Int(AMQP_FIELD_KIND_UTF8.rawValue): self = .string(String(value.bytes))
        case Int(AMQP_FIELD_KIND_BYTES.rawValue):
            self = .bytes(Array(UnsafeRawBufferPointer(start: value.bytes.bytes, count: value.bytes.len)))
        case Int(AMQP_FIELD_KIND_TIMESTAMP.rawValue): self = .timestamp(value.u64)
        case Int(AMQP_FIELD_KIND_ARRAY.rawValue) where depth < maxTableDepth:
            self = .array(
                UnsafeBufferPointer(start: value.array.entries, count: Int(value.array.num_entries))
                    .map { FieldValue($0, depth: depth + 1) })
        case Int(AMQP_FIELD_KIND_TABLE.rawValue) where depth < maxTableDepth:
            self = .table([String: FieldValue](value.table, depth: depth))
        default: self = .null
        }
    }
}
