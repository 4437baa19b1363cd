import Foundation

/// Where the coordinator is: a path or `unix:PATH` for a unix socket, or `http://…` or `https://…`.
public struct CoordinatorAddress: Hashable, Sendable, CustomStringConvertible {
    /// The text, as it was given.
    public let description: String
    /// What requests' URLs begin with.
    public let base: String
    /// Path of the socket; `nil` for TCP.
    public let socket: String?

    /// Whether it is asked by TLS.
    public var isTLS: Bool { base.lowercased().hasPrefix("https://") }

    /// It is no address: which text, found where, and what is right.
    public struct Malformed: Error, Hashable, Sendable, CustomStringConvertible {
        public let description: String
    }

    /// Where it is unless something else is said.
    public static let usual = "/run/reflow/reflow.sock"

    /// Reads `text`, which was found at `source`.
    ///
    /// - Throws: ``Malformed`` for anything else.
    public init(_ text: String, from source: String = "--url") throws(Malformed) {
        description = text
        let lowered = text.lowercased()
        if lowered.hasPrefix("http://") || lowered.hasPrefix("https://") {
            guard text.split(separator: "/", omittingEmptySubsequences: true).count == 2 else {
                throw Malformed(
                    description: "\(source) \(text): only a host and a port, such as http://127.0.0.1:7077")
            }
            socket = nil
            base = String(text.reversed().drop { $0 == "/" }.reversed())
            return
        }
        let path =
            ["unix://", "unix:"].first { lowered.hasPrefix($0) }.map { text.dropFirst($0.count) } ?? text[...]
        guard path.hasPrefix("/") else {
            throw Malformed(
                description:
                    "\(source) \(text): an absolute path of a socket, such as \(Self.usual), or http://HOST:PORT, or https://HOST:PORT"
            )
        }
        socket = String(path)
        base = "http+unix://" + percentEncoded(path)
    }
}

/// `text` with everything percent-encoded that does not stand for itself anywhere in a URL (RFC 3986, section 2.3).
public func percentEncoded(_ text: some StringProtocol) -> String {
    text.addingPercentEncoding(withAllowedCharacters: unreserved) ?? ""
}

private let unreserved = CharacterSet(
    charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
