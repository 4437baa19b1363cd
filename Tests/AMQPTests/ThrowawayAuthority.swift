import Support

/// A certificate authority for one run of the tests, a server's certificate for `localhost` by it, and a second
/// authority that must not be trusted.
struct ThrowawayAuthority: Sendable {
    private let folder: String

    var caFile: String { "\(folder)/ca.pem" }
    var otherCAFile: String { "\(folder)/other.pem" }
    var certificateFile: String { "\(folder)/server.pem" }
    var keyFile: String { "\(folder)/server.key" }

    init() throws {
        folder = try RunFolder.subfolder("tls")
        for name in ["ca", "other"] {
            try Tool.run(
                "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-days",
                "1", "-subj", "/CN=Reflow tests \(name)", "-keyout", "\(folder)/\(name).key", "-out",
                "\(folder)/\(name).pem")
        }
        try Tool.run(
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-days", "1",
            "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-addext",
            "basicConstraints=critical,CA:FALSE", "-CA", caFile, "-CAkey", "\(folder)/ca.key", "-keyout",
            keyFile, "-out", certificateFile)
    }
}
