/// Looks at a `rabbitmq.conf` for ways in that nothing protects.
public struct BrokerConfigurationCheck {
    private let settings: [(key: String, value: String)]

    /// Of a file whose text is `text`.
    public init(_ text: String) {
        settings = text.split(whereSeparator: \.isNewline).compactMap { line in
            let parts = line.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)[0]
                .split(separator: "=", maxSplits: 1).map { $0.filter { !$0.isWhitespace } }
            return parts.count == 2 ? (parts[0], parts[1]) : nil
        }
    }

    /// All that is open, in the order of the questions.
    public var findings: [SecurityFinding] {
        var findings: [SecurityFinding] = []
        func find(_ problem: String, _ remedy: String) {
            findings.append(SecurityFinding(problem: problem, remedy: "\(remedy) in rabbitmq.conf"))
        }
        let listeners = settings.filter { $0.key.hasPrefix("listeners.tcp") }
        if listeners.isEmpty {
            find(
                "listens for plain AMQP at every address (port 5672), as nothing else is said",
                "'listeners.tcp = none' and 'listeners.ssl.default = 5671'")
        }
        for (key, value) in listeners where value != "none" && !Self.isLoopback(value) {
            find("listens for plain AMQP beyond this machine ('\(key) = \(value)')", "'listeners.tcp = none'")
        }
        let management = settings.filter { $0.key == "management.tcp.port" }
        let address = settings.last { $0.key == "management.tcp.ip" }?.value ?? ""
        if let port = management.last?.value, !Self.isLoopback("\(address):\(port)") {
            find(
                "the management page takes passwords in clear beyond this machine (port \(port))",
                "'management.ssl.…' instead of 'management.tcp.…'")
        }
        for (key, value) in settings {
            switch (key, value) {
            case ("loopback_users", "none"), ("loopback_users.guest", "false"):
                find("guest may log in from elsewhere ('\(key) = \(value)')", "'loopback_users.guest = true'")
            case ("anonymous_login_user", let user) where user != "none":
                find("lets in who says nothing, as \(user)", "'anonymous_login_user = none'")
            case (_, "tlsv1"), (_, "tlsv1.1"):
                guard key.hasPrefix("ssl_options.versions") else { continue }
                find("speaks \(value), which is broken", "only tlsv1.2 and tlsv1.3 as 'ssl_options.versions'")
            default: break
            }
        }
        return findings
    }

    private static func isLoopback(_ listener: String) -> Bool {
        ["127.", "localhost:", "::1:", "[::1]:"].contains { listener.hasPrefix($0) }
    }
}
