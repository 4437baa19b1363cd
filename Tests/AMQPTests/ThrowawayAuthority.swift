import Support

/// A certificate authority for one run of the tests, a server's certificate by it for `localhost` and 127.0.0.1, and a second
/// authority that must not be trusted.
struct ThrowawayAuthority: Sendable {
    let folder: String

    var caFile: String { "\(folder)/ca.pem" }
    var otherCAFile: String { "\(folder)/other.pem" }
    var certificateFile: String { "\(folder)/server.pem" }
    var keyFile: String { "\(folder)/server.key" }

    init() throws {
        folder = try RunFolder.subfolder("tls")
        for name in ["ca", "other"] {
            try Self.request("/CN=Reflow tests \(name)", "\(folder)/\(name)")
        }
        try issue("server", commonName: "localhost", names: "DNS:localhost,IP:127.0.0.1")
    }

    /// Makes `NAME.pem` and `NAME.key` in the folder, over those that are there.
    func issue(_ name: String, commonName: String, names: String = "DNS:client", days: Int = 1) throws {
        try Self.request(
            "/CN=\(commonName)", "\(folder)/\(name)", days: days, "-addext", "subjectAltName=\(names)",
            "-addext",
            "basicConstraints=critical,CA:FALSE", "-CA", caFile, "-CAkey", "\(folder)/ca.key")
    }

    private static func request(_ subject: String, _ path: String, days: Int = 1, _ more: String...) throws {
        try Tool.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
                + ["-days", "\(days)", "-subj", subject, "-keyout", "\(path).key", "-out", "\(path).pem"]
                + more)
    }
}
