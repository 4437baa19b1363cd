/// The grammar of the brokers' URL.
///
/// `amqp://` or `amqps://` (TLS), then optionally `user:password@`, one or more hosts separated by commas, each with its port
/// if need be, `/vhost`, and `?key=value&…`. Defaults: user and password `guest` (with a certificate: none), port 5672 (TLS:
/// 5671), virtual host `/`. User, password, virtual host and values may be percent-encoded; IPv6 addresses stand in
/// brackets. Blanks at the ends and around the hosts are dropped.
enum EndpointURL {
    static func parse(_ url: String, _ files: TLSFiles) throws(AMQPError) -> Endpoint {
        var rest = trimmed(url[...])
        guard rest.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            throw invalid("there is a control character in it, such as a line's end")
        }
        guard let mark = rest.firstRange(of: "://") else { throw invalid(schemes) }
        let isTLS: Bool
        switch rest[..<mark.lowerBound].lowercased() {
        case "amqp": isTLS = false
        case "amqps": isTLS = true
        default: throw invalid(schemes)
        }
        rest = rest[mark.upperBound...]

        let query: Substring?
        (rest, query) = cut(rest, at: "?")
        let path: Substring?
        var authority: Substring
        (authority, path) = cut(rest, at: "/")
        var login: (user: String, password: String)?
        if let at = authority.lastIndex(of: "@") {
            let (user, password) = cut(authority[..<at], at: ":")
            login = (try decoded(user, "user"), try decoded(password ?? "", "password"))
            authority = authority[authority.index(after: at)...]
        } else if (path ?? "").contains("@") || (query ?? "").contains("@") {
            throw invalid("in a user or a password, write / as %2F, ? as %3F and @ as %40")
        }
        if let login, login.user.isEmpty || login.user.utf8.count > 255 {
            throw invalid("the user is empty or too long")
        }
        let vhost = try decoded(path ?? "", "virtual host")
        guard vhost.utf8.count <= 255 else { throw invalid("the virtual host is too long") }

        let parameters = try EndpointParameters(query, isTLS: isTLS)
        let tls = isTLS ? try options(files, parameters) : nil
        guard isTLS || files.certificate == nil && files.key == nil else {
            throw AMQPError(.invalidURL, "a certificate (tlsCertFile) needs amqps://")
        }
        var byCertificate = login == nil && tls?.certificate != nil
        if let mechanism = parameters.loginMechanism { byCertificate = mechanism == .certificate }
        if byCertificate, tls?.certificate == nil {
            throw invalid("auth_mechanism=external needs tlsCertFile and tlsKeyFile, the settings")
        }
        if byCertificate, login != nil {
            throw invalid(
                "with auth_mechanism=external the certificate says who it is: leave user and password out")
        }
        let account = login ?? ("guest", "guest")
        return Endpoint(
            brokers: try brokers(authority, defaultPort: isTLS ? 5671 : 5672),
            login: byCertificate ? .certificate : .password, user: byCertificate ? "" : account.user,
            password: byCertificate ? "" : account.password, vhost: vhost.isEmpty ? "/" : vhost, tls: tls,
            heartbeat: parameters.heartbeat, connectTimeout: parameters.connectTimeout)
    }

    private static func options(
        _ files: TLSFiles, _ parameters: EndpointParameters
    ) throws(AMQPError) -> TLSOptions {
        var tls = TLSOptions()
        if let authorities = files.authorities { tls.caFile = authorities }
        tls.verifiesPeer = parameters.verifiesPeer
        switch (files.certificate, files.key) {
        case (let file?, let key?): tls.certificate = ClientCertificate(file: file, keyFile: key)
        case (nil, nil): break
        default:
            throw AMQPError(.invalidURL, "tlsCertFile and tlsKeyFile go together: one of them is missing")
        }
        return tls
    }

    private static func brokers(
        _ authority: Substring, defaultPort: UInt16
    ) throws(AMQPError) -> [Endpoint.Broker] {
        guard !trimmed(authority).isEmpty else { throw invalid("no host is named") }
        var brokers: [Endpoint.Broker] = []
        for item in authority.split(separator: ",", omittingEmptySubsequences: false) {
            let broker = try broker(trimmed(item), defaultPort)
            if !brokers.contains(broker) { brokers.append(broker) }
        }
        return brokers
    }

    private static func broker(_ text: Substring, _ defaultPort: UInt16) throws(AMQPError) -> Endpoint.Broker
    {
        guard !text.isEmpty else { throw invalid("beside a comma no host is named") }
        let host: String
        let port: Substring?
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { throw invalid("a bracket is not closed") }
            let inner = text[text.index(after: text.startIndex)..<end]
            host = inner.lowercased()
            let tail = text[text.index(after: end)...]
            guard tail.isEmpty || tail.hasPrefix(":") else { throw invalid("something follows the address") }
            port = tail.isEmpty ? nil : tail.dropFirst()
            let isAddress = inner.prefix { $0 != "%" }.utf8.allSatisfy {
                hexDigit($0) != nil || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".")
            }
            guard isAddress, inner.contains(":") else { throw invalid("in brackets stands an IPv6 address") }
        } else {
            let (name, tail) = cut(text, at: ":")
            guard !(tail ?? "").contains(":") else {
                throw invalid("an IPv6 address stands in brackets: [::1]")
            }
            host = try decoded(name, "host").lowercased()
            port = tail
            let isName = host.utf8.allSatisfy {
                $0 >= 0x80 || UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0
                    || UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 || "-._".utf8.contains($0)
            }
            guard !host.isEmpty else { throw invalid("no host is named") }
            guard isName else { throw invalid("a host's name has a character that no name has") }
        }
        guard let port else { return .init(host: host, port: defaultPort) }
        guard let number = UInt16(port), number > 0 else {
            throw invalid("a port is not a number from 1 to 65535")
        }
        return .init(host: host, port: number)
    }

    // MARK: - Parts

    private static let schemes = "it must begin with amqp:// or amqps://"

    static func invalid(_ problem: String) -> AMQPError {
        AMQPError(.invalidURL, "invalid AMQP URL: \(problem)")
    }

    static func decoded(_ text: Substring, _ part: String) throws(AMQPError) -> String {
        guard !text.utf8.contains(0x20) else { throw invalid("in the \(part), write a blank as %20") }
        guard let value = percentDecoded(text), !value.utf8.contains(0) else {
            throw invalid("the \(part) is not valid percent-encoded UTF-8 (% itself is %25)")
        }
        return value
    }

    /// What is before and after the first `mark`.
    static func cut(_ text: Substring, at mark: Character) -> (Substring, Substring?) {
        guard let index = text.firstIndex(of: mark) else { return (text, nil) }
        return (text[..<index], text[text.index(after: index)...])
    }

    private static func trimmed(_ text: Substring) -> Substring {
        let isBlank = { (character: Character) in character.isWhitespace }
        var rest = text.drop(while: isBlank)
        while let last = rest.last, isBlank(last) { rest.removeLast() }
        return rest
    }
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
