/// Where the broker is, and as whom to log in; parsed from `amqp://user:password@host:port/vhost`.
///
/// `amqps` means TLS. Defaults: user and password `guest`, port 5672 (TLS: 5671), virtual host `/`. Everything may
/// be percent-encoded; IPv6 addresses stand in brackets. TLS settings may follow as a query with the names of the
/// RabbitMQ URI specification: `cacertfile`, `certfile`, `keyfile`, `verify=verify_peer|verify_none`.
public struct Endpoint: Hashable, Sendable, CustomStringConvertible {
    /// The name or address of the broker.
    public var host: String
    /// The TCP port.
    public var port: UInt16
    /// The login user; every message published carries it as its user-id.
    public var user: String
    /// The password. Not part of ``description``.
    public var password: String
    /// Where the password is, in place of ``password``: it is read at each login.
    public var passwordFile: PasswordFile?
    /// The virtual host.
    public var vhost: String
    /// How to verify the broker; `nil` without TLS.
    public var tls: TLSOptions?

    /// Without the password.
    public var description: String {
        let bracketed = host.contains(":") ? "[\(host)]" : host
        let path = vhost == "/" ? "" : "/\(vhost)"
        return "\(tls == nil ? "amqp" : "amqps")://\(user)@\(bracketed):\(port)\(path)"
    }

    /// Parses `url`.
    ///
    /// - Throws: ``AMQPError`` with code `invalidURL`; its message says what is wrong and does not repeat the URL,
    ///   since that holds the password.
    public init(url: String) throws(AMQPError) {
        func invalid(_ problem: String) -> AMQPError {
            AMQPError(.invalidURL, "invalid AMQP URL: \(problem)")
        }
        func decoded(_ text: Substring, _ part: String) throws(AMQPError) -> String {
            guard let value = percentDecoded(text), !value.utf8.contains(0) else {
                throw invalid("the \(part) is not valid percent-encoded UTF-8")
            }
            return value
        }

        var rest: Substring
        if url.hasPrefix("amqp://") {
            rest = url.dropFirst("amqp://".count)
            tls = nil
            port = 5672
        } else if url.hasPrefix("amqps://") {
            rest = url.dropFirst("amqps://".count)
            tls = TLSOptions()
            port = 5671
        } else {
            throw invalid("it must begin with amqp:// or amqps://")
        }

        var query: Substring?
        if let mark = rest.firstIndex(of: "?") {
            query = rest[rest.index(after: mark)...]
            rest = rest[..<mark]
        }
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        var authority = rest[..<slash]
        let path = rest[slash...].dropFirst()
        vhost = path.isEmpty ? "/" : try decoded(path, "virtual host")

        user = "guest"
        password = "guest"
        if let at = authority.lastIndex(of: "@") {
            let login = authority[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            user = try decoded(login[0], "user")
            password = login.count > 1 ? try decoded(login[1], "password") : ""
            authority = authority[authority.index(after: at)...]
        }
        guard !user.isEmpty, user.utf8.count <= 255 else { throw invalid("the user is empty or too long") }
        guard vhost.utf8.count <= 255 else { throw invalid("the virtual host is too long") }

        let portText: Substring?
        if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") {
            host = String(authority[authority.index(after: authority.startIndex)..<end])
            let tail = authority[authority.index(after: end)...]
            guard tail.isEmpty || tail.hasPrefix(":") else { throw invalid("something follows the address") }
            portText = tail.isEmpty ? nil : tail.dropFirst()
        } else {
            let parts = authority.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            host = try decoded(parts[0], "host")
            portText = parts.count > 1 ? parts[1] : nil
        }
        guard !host.isEmpty else { throw invalid("no host is named") }
        if let portText {
            guard let number = UInt16(portText), number > 0 else { throw invalid("the port is not a number") }
            port = number
        }

        for item in query?.split(separator: "&") ?? [] {
            let pair = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let key = String(pair[0])
            let value = pair.count > 1 ? try decoded(pair[1], "value of \(key)") : ""
            guard tls != nil else { throw invalid("\(key) needs amqps://") }
            switch (key, value) {
            case ("cacertfile", _): tls?.caFile = value
            case ("certfile", _): tls?.certificateFile = value
            case ("keyfile", _): tls?.keyFile = value
            case ("verify", "verify_peer"): tls?.verifiesPeer = true
            case ("verify", "verify_none"): tls?.verifiesPeer = false
            default: throw invalid("\(key)=\(value) is not understood")
            }
        }
        if let tls, (tls.certificateFile == nil) != (tls.keyFile == nil) {
            throw invalid("certfile and keyfile go together")
        }
    }
}

extension Endpoint {
    /// A broker on this machine, as RabbitMQ is when it is installed.
    public static let localURL = "amqp://guest:guest@127.0.0.1:5672/"

    /// Parses `url`; with TLS the broker's authority must be in `caFile`, if that is named. Throws as the other does.
    public init(url: String, caFile: String?) throws(AMQPError) {
        try self.init(url: url)
        if let caFile { tls?.caFile = caFile }
    }
}

/// How the two sides of a TLS connection prove who they are. The version is at least 1.2.
public struct TLSOptions: Hashable, Sendable {
    /// PEM file of the authorities to trust. The default is Debian's collection.
    public var caFile = "/etc/ssl/certs/ca-certificates.crt"
    /// PEM file of this side's certificate chain, if the broker asks for one.
    public var certificateFile: String?
    /// PEM file of the certificate's key, without a passphrase.
    public var keyFile: String?
    /// Whether the broker's certificate must come from a trusted authority and name the host that was dialled
    /// (as a DNS name: librabbitmq 0.11 does not look at addresses in certificates). Leave it on.
    public var verifiesPeer = true

    /// Verifies the broker against the authorities of the system.
    public init() {}
}

/// `text` with every `%XX` replaced by its byte; `nil` when that is malformed or not UTF-8.
private func percentDecoded(_ text: Substring) -> String? {
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
        guard byte == UInt8(ascii: "%") else {
            bytes.append(byte)
            continue
        }
        guard let high = rest.popFirst().flatMap(hexDigit), let low = rest.popFirst().flatMap(hexDigit) else {
            return nil
        }
        bytes.append(high << 4 | low)
    }
    return String(validating: bytes, as: UTF8.self)
}

private func hexDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
}
