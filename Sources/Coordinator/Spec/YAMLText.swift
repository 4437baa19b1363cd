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
            if let root = try Parser(yaml: padded, resolver: .basic, encoding: .utf8).singleRoot() {
                return root
            }
        } catch YamlError.duplicatedKeysInMapping(let names, let context) {
            let place = TextPlace(context.mark)
            guard let name = names.first, keys.rename(name, at: place) else {
                throw refusal(place, "the key '\(names.first ?? "")' stands twice")
            }
            return try parse(&keys)
        } catch let error as YamlError {
            throw refusal(error)
        } catch {
            throw refusal(nil, "\(error)")
        }
        throw refusal(nil, "the text is empty: a specification has at least name and targets")
    }

    private static func refusal(_ place: TextPlace?, _ message: String) -> SpecErrors {
        SpecErrors([SpecErrors.Problem(line: place?.line, column: place?.column, key: "", message: message)])
    }

    private static func refusal(_ error: YamlError) -> SpecErrors {
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            return refusal(context?.text, problem, TextPlace(mark))
        case .reader(let problem, _, _, _):
            return refusal(nil, "it is no text: \(problem)")
        default:
            return refusal(nil, "it is no YAML: \(error)")
        }
    }

    /// libyaml's words, and for what people run into, better ones.
    private static func refusal(_ context: String?, _ problem: String, _ place: TextPlace) -> SpecErrors {
        if context == "while scanning an alias" || problem == "found undefined alias" {
            return refusal(place, "a text that begins with * needs quotes: '*-db'")
        }
        if problem == "but found another document" {
            return refusal(place, "another document begins here: only one is read")
        }
        if problem.contains("a tab character") {
            return refusal(place, "lines are indented with spaces, not tabs")
        }
        if problem == "found character that cannot start any token" {
            return refusal(
                place,
                "a text that begins with @, % or ` needs quotes; lines are indented with spaces, not tabs")
        }
        if problem.hasPrefix("Maximum nesting level") {
            return refusal(place, "nested deeper than anything that is known here")
        }
        return refusal(
            place, "it is no YAML: " + [context, problem].compactMap(\.self).joined(separator: ", "))
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
}
