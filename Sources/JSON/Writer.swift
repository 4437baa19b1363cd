/// Values as text.
///
/// Not jansson's own `json_dumps`: it prints reals with a fixed number of digits, 0.1 as 0.10000000000000001 if
/// they must be exact; Swift prints the shortest text that reads back as the same number.
struct Writer {
    private(set) var bytes: [UInt8] = []
    private let pretty: Bool
    private var depth = 0

    init(pretty: Bool) {
        self.pretty = pretty
    }

    mutating func write(_ value: Value) throws(JSONError) {
        switch value.content {
        case .null: append("null")
        case .boolean(let value): append(value ? "true" : "false")
        case .integer(let value): append(value.description)
        case .real(let value): append(value.description)
        case .string(let value): try quote(value)
        case .array:
            open("[")
            for index in 0..<value.count {
                guard let element = value.element(index) else { break }
                separate(first: index == 0)
                try write(element)
            }
            close("]", empty: value.count == 0)
        case .object:
            let members = value.members
            open("{")
            for (index, member) in members.enumerated() {
                separate(first: index == 0)
                try quote(member.key)
                append(pretty ? ": " : ":")
                try write(member.value)
            }
            close("}", empty: members.isEmpty)
        }
    }

    private mutating func open(_ bracket: String) {
        append(bracket)
        depth += 1
    }

    private mutating func separate(first: Bool) {
        if !first { bytes.append(UInt8(ascii: ",")) }
        if pretty { newLine() }
    }

    private mutating func close(_ bracket: String, empty: Bool) {
        depth -= 1
        if pretty, !empty { newLine() }
        append(bracket)
    }

    private mutating func newLine() {
        append("\n")
        bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: 2 * depth))
    }

    /// RFC 8259, section 7: quotation mark, backslash and control characters must be escaped, nothing else.
    private mutating func quote(_ text: String) throws(JSONError) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case 0: throw JSONError(.invalidText, "a NUL character in a string or key")
            case UInt8(ascii: "\""): append("\\\"")
            case UInt8(ascii: "\\"): append("\\\\")
            case UInt8(ascii: "\n"): append("\\n")
            case UInt8(ascii: "\r"): append("\\r")
            case UInt8(ascii: "\t"): append("\\t")
            case ..<0x20: append("\\u00" + (byte < 16 ? "0" : "") + String(byte, radix: 16))
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }
}
