import DefragTypes

/// Where the coordinator is: a path or `unix:PATH` for a unix socket, or `http://…` or `https://…`.
struct CoordinatorAddress: Hashable, Sendable, CustomStringConvertible {
    /// The text, as it was given.
    let description: String
    /// What requests' URLs begin with.
    let base: String
    /// Path of the socket; `nil` for TCP.
    let socket: String?

    /// Where it is unless something else is said.
    static let usual = "/run/reflow/reflow.sock"

    /// Reads `text`, which was found at `source`.
    ///
    /// - Throws: ``Failure`` for anything else.
    init(_ text: String, from source: String = "--url") throws(Failure) {
        description = text
        let lowered = text.lowercased()
        if lowered.hasPrefix("http://") || lowered.hasPrefix("https://") {
            guard text.split(separator: "/", omittingEmptySubsequences: true).count == 2 else {
                throw Failure(
                    .usage, "\(source) \(text): only a host and a port, such as http://127.0.0.1:7077")
            }
            socket = nil
            base = String(text.reversed().drop { $0 == "/" }.reversed())
            return
        }
        let path =
            ["unix://", "unix:"].first { lowered.hasPrefix($0) }.map { text.dropFirst($0.count) } ?? text[...]
        guard path.hasPrefix("/") else {
            throw Failure(
                .usage,
                "\(source) \(text): an absolute path of a socket, such as \(Self.usual), or http://HOST:PORT, or https://HOST:PORT"
            )
        }
        socket = String(path)
        base = "http+unix://" + percentEncoded(path)
    }
}

/// `text` with everything percent-encoded that does not stand for itself anywhere in a URL (RFC 3986, section 2.3).
func percentEncoded(_ text: some StringProtocol) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var encoded: [UInt8] = []
    for byte in text.utf8 {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"):
            encoded.append(byte)
        default:
            encoded += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
    }
    return String(decoding: encoded, as: UTF8.self)
}
