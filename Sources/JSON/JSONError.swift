/// Why a document could not be read or written.
public struct JSONError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What kind of error, for programs.
    public enum Code: String, Hashable, Sendable {
        /// More bytes than ``JSONLimits/maxBytes``.
        case tooLarge
        /// Nested deeper than ``JSONLimits/maxDepth``.
        case tooDeep
        /// More values than ``JSONLimits/maxValues``.
        case tooManyValues
        /// Not JSON, or something after the end of the document.
        case syntax
        /// Not UTF-8, or a NUL character in a string or key.
        case invalidText
        /// A key that is repeated in an object.
        case duplicateKey
        /// A required key is not there.
        case missing
        /// A value of another type than expected: a string where a number should be, `1.5` where an integer should.
        case wrongType
        /// A number that does not fit: beyond 64 bits signed, beyond the type asked for, or not finite.
        case outOfRange
        /// Well-formed, of the right type, and refused by the type that was decoded.
        case invalidValue
    }

    /// A place in a document; both count from 1, columns in characters.
    public struct Position: Hashable, Sendable {
        /// The line.
        public var line: Int
        /// The column.
        public var column: Int
    }

    /// The kind of error.
    public let code: Code
    /// Where in the text, if the text is at fault.
    public let position: Position?
    /// Which value, such as `policy.maxPause` or `files[3].path`; empty for the whole document.
    public let path: String
    /// What is wrong with it.
    public let detail: String

    init(_ code: Code, _ detail: String, path: String = "", at position: Position? = nil) {
        self.code = code
        self.position = position
        self.path = path
        self.detail = detail
    }

    /// The error in words, with the place: `policy.maxPause: expected a number, found a string`.
    public var description: String {
        if let position { return "line \(position.line), column \(position.column): \(detail)" }
        return path.isEmpty ? detail : "\(path): \(detail)"
    }
}

extension JSONError {
    init(_ error: DecodingError) {
        switch error {
        case .typeMismatch(_, let context), .valueNotFound(_, let context): self.init(.wrongType, context)
        case .keyNotFound(let key, let context):
            self.init(.missing, "missing", path: jsonPath(context.codingPath + [key]))
        case .dataCorrupted(let context): self.init(.invalidValue, context)
        @unknown default: self.init(.invalidValue, "\(error)")
        }
    }

    init(_ error: EncodingError) {
        switch error {
        case .invalidValue(_, let context):
            self.init(.invalidValue, context.debugDescription, path: jsonPath(context.codingPath))
        @unknown default: self.init(.invalidValue, "\(error)")
        }
    }

    private init(_ code: Code, _ context: DecodingError.Context) {
        self.init(code, context.debugDescription, path: jsonPath(context.codingPath))
    }
}

/// `files[3].path` for the keys `files`, 3 and `path`.
func jsonPath(_ keys: [any CodingKey]) -> String {
    keys.reduce(into: "") { path, key in
        if let index = key as? Index {
            path += "[\(index.value)]"
        } else {
            path += path.isEmpty ? key.stringValue : ".\(key.stringValue)"
        }
    }
}

/// An array's index as a coding key.
struct Index: CodingKey {
    let value: Int

    init(_ value: Int) { self.value = value }
    init?(intValue: Int) { self.value = intValue }
    init?(stringValue: String) { nil }

    var intValue: Int? { value }
    var stringValue: String { "\(value)" }
}

/// The key of `superEncoder()` and `superDecoder()`, as the standard library's documentation names it.
struct SuperKey: CodingKey {
    init() {}
    init?(intValue: Int) { nil }
    init?(stringValue: String) { nil }

    var intValue: Int? { nil }
    var stringValue: String { "super" }
}
