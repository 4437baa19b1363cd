/// How results are written to standard output.
enum OutputFormat: String, Equatable {
    /// For people.
    case text
    /// For programs: one object a line.
    case json

    static let option = Command.Option(
        "--output", "text|json", "for people, or one JSON object a line (text)")

    /// What `arguments` ask for.
    init(_ arguments: Arguments) throws(UsageError) {
        guard let text = arguments[Self.option.name] else {
            self = .text
            return
        }
        guard let format = OutputFormat(rawValue: text) else {
            throw UsageError("'\(text)' is not a valid output: --output text or --output json")
        }
        self = format
    }
}
