import Yams

/// A specification's text as YAML nodes that know their places.
struct YAMLText {
    /// The outermost value.
    let root: Node
    /// Keys that stand again further down in their mapping, under the names that they were given here.
    let repeated: [String: String]

    /// Longest text, in bytes.
    static let maxBytes = 1 << 20

    /// Reads one document.
    ///
    /// - Throws: ``SpecErrors`` with the first error of form: nothing after it can be told.
    init(_ text: String) throws(SpecErrors) {
        // Some editors begin a file with a byte order mark.
        let text = text.unicodeScalars.first == "\u{FEFF}" ? String(text.unicodeScalars.dropFirst()) : text
        guard text.utf8.count <= Self.maxBytes else {
            throw Self.refusal(nil, "the text has \(text.utf8.count) bytes: more than 1 MiB is not read")
        }
        if let place = Aliases.place(in: text) {
            throw Self.refusal(
                place,
                "anchors (&name) and aliases (*name) are not read here: write the value out, or put it in quotes"
            )
        }
        var keys = RepeatedKeys(text)
        root = try Self.parse(&keys)
        repeated = keys.names
    }

    private static func parse(_ keys: inout RepeatedKeys) throws(SpecErrors) -> Node {
        do {
            // Every scalar is the text that it is: 22:00 is no number in base 60, `no` no truth value. The empty lines make
            // a short text one that lies in memory for as long as the parser needs it.
            let padded = keys.text + String(repeating: "\n", count: 16)
            let root = try Parser(yaml: padded, resolver: .basic, encoding: .utf8).singleRoot()
            // A text of `---` alone has a root that is nothing.
            if let root, root.scalar?.string != "" || root.scalar?.style != .plain { return root }
        } catch YamlError.duplicatedKeysInMapping(let names, let context) {
            let place = TextPlace(context.mark)
            guard let name = names.first, keys.rename(name, at: place) else {
                throw refusal(place, "the key '\(names.first ?? "")' stands twice")
            }
            return try parse(&keys)
        } catch let error as YamlError {
            throw refusal(error, in: keys.text)
        } catch {
            throw refusal(nil, "\(error)")
        }
        throw refusal(nil, "the text is empty: a specification has at least name and targets")
    }

    private static func refusal(_ place: TextPlace?, _ message: String) -> SpecErrors {
        SpecErrors([SpecErrors.Problem(line: place?.line, column: place?.column, key: "", message: message)])
    }

    private static func refusal(_ error: YamlError, in text: String) -> SpecErrors {
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let (place, end) = (TextPlace(mark), TextPlace(endOf: text))
            guard place.line <= end.line else { return unclosed(context, problem, end) }
            return refusal(context?.text, problem, place, in: text)
        case .reader(let problem, _, _, _):
            return refusal(nil, "it is no text: \(problem)")
        default:
            return refusal(nil, "it is no YAML: \(error)")
        }
    }

    /// Something that has begun and is still going on where the text ends: the place to look at is its beginning.
    private static func unclosed(_ context: YamlError.Context?, _ problem: String, _ end: TextPlace)
        -> SpecErrors
    {
        let what: [String: String] = [
            "while parsing a flow mapping": "{", "while parsing a flow sequence": "[",
            "while scanning a quoted scalar": "quote",
        ]
        guard let context, let opened = what[context.text] else {
            return refusal(context?.text, problem, end, in: "")
        }
        return refusal(TextPlace(context.mark), "this \(opened) is never closed")
    }

    /// libyaml's words, and for what people run into, better ones.
    private static func refusal(
        _ context: String?, _ problem: String, _ place: TextPlace, in text: String
    ) -> SpecErrors {
        let message =
            switch problem {
            case _ where context == "while scanning an alias", "found undefined alias":
                "a text that begins with * needs quotes: '*-db'"
            case "but found another document": "another document begins here: only one is read"
            case _ where problem.contains("a tab character"), _ where place.scalar(of: text) == "\t":
                "lines are indented with spaces, not tabs"
            case "found character that cannot start any token":
                "a text that begins with @, % or ` needs quotes"
            case _ where problem.hasPrefix("Maximum nesting level"):
                "nested deeper than anything that is known here"
            default: "it is no YAML: " + [context, problem].compactMap(\.self).joined(separator: ", ")
            }
        return refusal(place, message)
    }
}

/// A place in a text, counted from 1; columns are Unicode scalars.
struct TextPlace: Hashable, Sendable {
    var line: Int
    var column: Int

    init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    init(_ mark: Mark) {
        self.init(line: mark.line, column: mark.column)
    }

    /// The end of `text`, without spaces and empty lines.
    init(endOf text: String) {
        let scalars = text.unicodeScalars
        let last = scalars.lastIndex { !$0.properties.isWhitespace }
        let lines = scalars[...(last ?? scalars.startIndex)].split(
            separator: "\n", omittingEmptySubsequences: false)
        self.init(line: lines.count, column: lines.last?.count ?? 1)
    }

    /// What stands there in `text`.
    func scalar(of text: String) -> Unicode.Scalar? {
        let lines = text.unicodeScalars.split(
            separator: "\n", maxSplits: line, omittingEmptySubsequences: false)
        guard line >= 1, line <= lines.count else { return nil }
        return lines[line - 1].dropFirst(column - 1).first
    }
}
