import Foundation
import Glibc

/// The file with the bearer tokens: a name, a role and a secret on each line, apart from empty lines and comments (`#`). A line
/// without a role, as before roles, is of one that may do everything.
struct TokenFile {
    /// The tokens, at least one.
    let tokens: [Access.Token]

    /// Fewest characters of a secret.
    static let shortestSecret = 20

    /// Reads the file at `path`.
    ///
    /// - Throws: `ConfigurationError` when it cannot be read, others than its owner and group may read it, or it says
    ///   something else.
    init(path: String) throws(ConfigurationError) {
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw ConfigurationError("\(path): \(String(cString: strerror(errno)))")
        }
        guard !status.isForEverybody else {
            throw ConfigurationError("\(path) can be read by everybody: chmod o= '\(path)'")
        }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw ConfigurationError("\(path) cannot be read")
        }
        guard let text = String(validating: data, as: UTF8.self) else {
            throw ConfigurationError("\(path) is not UTF-8")
        }
        try self.init(text: text, of: path)
    }

    /// Reads `text`, which is what the file `path` says. Lines end as any editor ends them, and a byte order mark is skipped.
    init(text: String, of path: String) throws(ConfigurationError) {
        let text = text.unicodeScalars.first == "\u{FEFF}" ? String(text.unicodeScalars.dropFirst()) : text
        var tokens: [Access.Token] = []
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        for (index, line) in lines.enumerated() {
            let words = Array(line.split(whereSeparator: \.isWhitespace).prefix { !$0.hasPrefix("#") })
            guard let name = words.first, let secret = words.last else { continue }
            let place = "\(path) line \(index + 1)"
            guard (2...3).contains(words.count) else {
                throw ConfigurationError("\(place): a name, a role and a secret, and nothing else")
            }
            guard let role = words.count == 2 ? .operate : Role(rawValue: String(words[1])),
                Role.given.contains(role)
            else {
                let roles = Role.given.map(\.rawValue).joined(separator: ", ")
                throw ConfigurationError("\(place): '\(words[1])' is no role; there are \(roles)")
            }
            guard secret.count >= Self.shortestSecret else {
                throw ConfigurationError(
                    "\(place): the secret of \(name) has fewer than \(Self.shortestSecret) characters")
            }
            guard secret.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
                throw ConfigurationError(
                    "\(place): the secret of \(name) has characters that a client cannot send: take letters and digits"
                )
            }
            guard !tokens.contains(where: { $0.name == name || $0.secret == secret }) else {
                throw ConfigurationError("\(place): the name or the secret is there already")
            }
            tokens.append(Access.Token(name: String(name), role: role, secret: String(secret)))
        }
        guard !tokens.isEmpty else {
            throw ConfigurationError("\(path) has no token: write a name, a role and a secret on a line")
        }
        self.tokens = tokens
    }
}

/// A configuration that cannot be used; says which setting is wrong, and how it should be.
struct ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

extension stat {
    /// Whether others than the file's owner and group may do anything with it.
    var isForEverybody: Bool { st_mode & 0o007 != 0 }
}
