/// Something at the broker that is more than the table of rights gives.
public struct SecurityFinding: Hashable, Sendable, Encodable, CustomStringConvertible {
    /// The account, where it is one's.
    public var account: String?
    /// The virtual host, where it is one's.
    public var virtualHost: String?
    /// What is too much.
    public var problem: String
    /// How to mend it: a command, or what to change where.
    public var remedy: String

    /// One line.
    public var description: String {
        let place = [account, virtualHost.map { "virtual host \($0)" }].compactMap(\.self)
        return (place.isEmpty ? "" : place.joined(separator: ", ") + ": ") + "\(problem). Mend: \(remedy)"
    }
}

/// `words` as a shell takes them apart again.
public func shellLine(_ words: String...) -> String { shellLine(words) }

/// `words` as a shell takes them apart again.
public func shellLine(_ words: [String]) -> String {
    words.map { word in
        let isPlain = !word.isEmpty && word.allSatisfy { $0.isLetter || $0.isNumber || "-_./:".contains($0) }
        return isPlain ? word : "'\(word.replacing("'", with: #"'\''"#))'"
    }.joined(separator: " ")
}
