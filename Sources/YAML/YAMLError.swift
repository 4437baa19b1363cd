internal import CYaml

/// Why a text could not be read as YAML.
public struct YAMLError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Where; `nil` for the text as a whole.
    public let place: TextPlace?
    /// What is wrong, and what would be right where that is known.
    public let message: String

    /// With the place: `line 2, column 18: this [ is never closed`.
    public var description: String { (place.map { "\($0): " } ?? "") + message }

    init(_ place: TextPlace?, _ message: String) {
        self.place = place
        self.message = message
    }

    static let starNeedsQuotes = "a text that begins with * needs quotes: '*-db'"
    static let noAliases =
        "anchors (&name) and aliases (*name) are not read here: write the value out, or put it in quotes"
}

extension YAMLError {
    /// libyaml's words, and for what people run into, better ones.
    init(_ parser: yaml_parser_t, in text: String) {
        let problem = parser.problem.map(String.init(cString:)) ?? "out of memory"
        let context = parser.context.map(String.init(cString:))
        let place = TextPlace(parser.problem_mark)
        let scalars = Array(text.unicodeScalars)
        let last = scalars.lastIndex { !$0.properties.isWhitespace } ?? 0
        let found = scalars.dropFirst(parser.problem_mark.index).first
        switch problem {
        case _ where parser.error == YAML_READER_ERROR: self.init(nil, "it is no text: \(problem)")
        case _ where context == "while scanning an alias": self.init(place, Self.starNeedsQuotes)
        case _ where problem.hasPrefix("Maximum nesting level"):
            self.init(place, "nested deeper than anything that is known here")
        case _ where problem.contains("a tab character"), _ where found == "\t":
            self.init(place, "lines are indented with spaces, not tabs")
        case "found character that cannot start any token":
            self.init(place, "a text that begins with @, % or ` needs quotes")
        case _ where parser.problem_mark.index > last:
            // What has begun is still going on where the text ends: the place to look at is its beginning.
            if let opened = Self.brackets[context ?? ""] {
                self.init(TextPlace(parser.context_mark), "this \(opened) is never closed")
            } else {
                self.init(TextPlace(of: last, in: scalars), Self.unknown(context, problem))
            }
        default: self.init(place, Self.unknown(context, problem))
        }
    }

    private static let brackets = [
        "while parsing a flow mapping": "{", "while parsing a flow sequence": "[",
        "while scanning a quoted scalar": "quote",
    ]

    private static func unknown(_ context: String?, _ problem: String) -> String {
        "it is no YAML: " + [context, problem].compactMap(\.self).joined(separator: ", ")
    }
}

extension TextPlace {
    init(_ mark: yaml_mark_t) {
        self.init(line: mark.line + 1, column: mark.column + 1)
    }

    fileprivate init(of index: Int, in text: [Unicode.Scalar]) {
        let before = text[..<index]
        self.init(
            line: before.count { $0 == "\n" } + 1, column: index - (before.lastIndex(of: "\n") ?? -1))
    }
}
