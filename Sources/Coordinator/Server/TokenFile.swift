import Foundation
import Glibc

/// The file with the bearer tokens: a name and a secret on each line, apart from empty lines and comments (`#`).
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
        try self.init(text: String(decoding: data, as: UTF8.self), of: path)
    }

    /// Reads `text`, which is what the file `path` says.
    init(text: String, of path: String) throws(ConfigurationError) {
        var tokens: [Access.Token] = []
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let words = line.split { $0 == " " || $0 == "\t" || $0 == "\r" }
            guard let name = words.first, !name.hasPrefix("#") else { continue }
            let place = "\(path) line \(index + 1)"
            guard words.count == 2 else {
                throw ConfigurationError("\(place): a name and a secret, and nothing else")
            }
            guard words[1].count >= Self.shortestSecret else {
                throw ConfigurationError(
                    "\(place): the secret of \(name) has fewer than \(Self.shortestSecret) characters")
            }
            guard !tokens.contains(where: { $0.name == name || $0.secret == words[1] }) else {
                throw ConfigurationError("\(place): the name or the secret is there already")
            }
            tokens.append(Access.Token(name: String(name), secret: String(words[1])))
        }
        guard !tokens.isEmpty else {
            throw ConfigurationError("\(path) has no token: write a name and a secret on a line")
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
