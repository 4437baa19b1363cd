import Settings

/// A command line that says nothing sensible: what is wrong, and what may have been meant.
struct UsageError: Error, Equatable, CustomStringConvertible {
    let description: String
    /// The command whose help is worth reading, if one was named.
    private(set) var command: String?

    init(_ description: String, command: String? = nil) {
        self.description = description
        self.command = command
    }

    /// `given` is none of `known`.
    static func unknown(
        _ kind: String, _ given: String, of known: [String], command: String? = nil
    ) -> UsageError {
        let guess = suggestion(for: given, among: known).map { ": did you mean \($0)?" } ?? ""
        return UsageError("unknown \(kind) \(given)\(guess)", command: command)
    }

    /// The same error, with the command that it belongs to.
    func of(_ command: Command) -> UsageError { UsageError(description, command: command.name) }
}

/// What `given` may have been meant as: the only one of `known` that begins so, or the nearest.
private func suggestion(for given: String, among known: [String]) -> String? {
    let begun = known.filter { $0.hasPrefix(given) }
    return begun.count == 1 ? begun[0] : nearest(to: given, among: known)
}
