/// A certificate authority for one run of the tests, a server's certificate by it for `localhost` and 127.0.0.1, and a second
/// authority that must not be trusted.
public struct ThrowawayAuthority: Sendable {
    /// Where its files are.
    public let folder: String

    /// Its certificate.
    public var caFile: String { "\(folder)/ca.pem" }
    /// That of the other authority.
    public var otherCAFile: String { "\(folder)/other.pem" }
    /// The server's certificate.
    public var certificateFile: String { "\(folder)/server.pem" }
    /// The server's key.
    public var keyFile: String { "\(folder)/server.key" }

    /// Makes them with openssl(1).
    public init() throws {
        folder = try RunFolder.subfolder("tls")
        for name in ["ca", "other"] {
            try Self.request("/CN=Reflow tests \(name)", "\(folder)/\(name)")
        }
        try issue("server", commonName: "localhost", names: "DNS:localhost,IP:127.0.0.1")
    }

    /// Makes `NAME.pem` and `NAME.key` in the folder, over those that are there.
    public func issue(_ name: String, commonName: String, names: String = "DNS:client", days: Int = 1) throws
    {
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
