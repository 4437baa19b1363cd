/// What a document may cost. Checked before jansson reads it, so that its author controls neither jansson's recursion nor
/// its memory.
public struct JSONLimits: Hashable, Sendable {
    /// Longest document, in bytes.
    public var maxBytes: Int
    /// Deepest nesting of objects and arrays; a bare number has depth 0, `{}` has 1.
    public var maxDepth: Int
    /// Most values in a document. An empty object is two bytes of text and some 250 bytes of memory.
    public var maxValues: Int

    /// Limits that suit messages and configuration: 1 MiB, 32 levels, 65,536 values.
    public init(maxBytes: Int = 1 << 20, maxDepth: Int = 32, maxValues: Int = 1 << 16) {
        self.maxBytes = maxBytes
        self.maxDepth = maxDepth
        self.maxValues = maxValues
    }

    /// Throws when `bytes` is over a limit. One pass, no memory; the document need not be valid JSON.
    func check(_ bytes: UnsafeBufferPointer<UInt8>) throws(JSONError) {
        guard bytes.count <= maxBytes else {
            throw JSONError(.tooLarge, "\(bytes.count) bytes, more than the limit of \(maxBytes)")
        }
        var depth = 0
        var values = 1
        var inString = false
        var escaped = false
        for (offset, byte) in bytes.enumerated() {
            if inString {
                if escaped {
                    escaped = false
                } else if byte == UInt8(ascii: "\\") {
                    escaped = true
                } else if byte == UInt8(ascii: "\"") {
                    inString = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""):
                inString = true
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                depth += 1
                values += 1
            case UInt8(ascii: "]"), UInt8(ascii: "}"):
                depth -= 1
            case UInt8(ascii: ","):
                values += 1
            case 0:
                // To jansson this is the end of the document, whatever follows.
                throw JSONError(.syntax, "a NUL byte", at: Position(of: offset, in: bytes))
            default:
                continue
            }
            if depth > maxDepth {
                throw JSONError(
                    .tooDeep, "nested deeper than the limit of \(maxDepth)",
                    at: Position(of: offset, in: bytes))
            }
            if values > maxValues {
                throw JSONError(
                    .tooManyValues, "more values than the limit of \(maxValues)",
                    at: Position(of: offset, in: bytes))
            }
        }
    }
}

extension JSONError.Position {
    /// The position of the byte at `offset`. Columns count bytes here.
    fileprivate init(of offset: Int, in bytes: UnsafeBufferPointer<UInt8>) {
        let before = bytes[..<offset]
        let newline = UInt8(ascii: "\n")
        let lineStart = before.lastIndex(of: newline).map { $0 + 1 } ?? 0
        self.init(line: 1 + before.count { $0 == newline }, column: offset - lineStart + 1)
    }
}

private typealias Position = JSONError.Position
