import Foundation
import Logging
import Support
import Testing

@testable import Coordinator
@testable import ReflowAPI

@Suite("The API by TLS", .timeLimit(.minutes(1))) struct TLSTests {
    private let token = Access.Token(name: "ops", secret: "0123456789abcdefghij")
    private let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    private let folder: String
    private var files: Certificates.Files {
        .init(certificate: "\(folder)/cert.pem", key: "\(folder)/key.pem")
    }

    init() throws {
        folder = try RunFolder.subfolder("tls")
        try issue(files)
    }

    /// A certificate for 127.0.0.1 that is its own authority.
    private func issue(_ files: Certificates.Files) throws {
        try Tool.run(
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-days",
            "1", "-subj", "/CN=coordinator", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout",
            files.key, "-out", files.certificate)
        chmod(files.key, 0o600)
    }

    private func ask(_ server: Server, trusting caFile: String?) async throws -> Int {
        let address = try CoordinatorAddress("https://127.0.0.1:\(server.port ?? 0)")
        return try await CoordinatorClient.use(address, token: token.secret, caFile: caFile) { client in
            let hosts: Listing<HostStatus> = try await client.get("/v1/hosts")
            return hosts.items.count
        }
    }

    @Test(
        "serves who trusts its authority; a certificate that is renewed is shown from the next connection on")
    func renewal() async throws {
        let certificates = try Certificates(files, log: quiet)
        try await Server.run(tokens: [token], certificates: certificates) { server in
            #expect(try await ask(server, trusting: files.certificate) == 2)
            await #expect(throws: ClientError.self) { try await ask(server, trusting: nil) }
            await #expect(throws: ClientError.self, "in clear text") {
                try await server.ask(token: token.secret, byTCP: true) { client in
                    let _: Listing<HostStatus> = try await client.get("/v1/hosts")
                }
            }
            let old = folder + "/old.pem"
            try Tool.run("cp", files.certificate, old)
            let fresh = Certificates.Files(certificate: folder + "/new.pem", key: folder + "/new.key")
            try issue(fresh)
            // The certificate first: for a moment it has not got its key.
            try Tool.run("mv", fresh.certificate, files.certificate)
            #expect(try await ask(server, trusting: old) == 2)
            try Tool.run("mv", fresh.key, files.key)
            #expect(try await ask(server, trusting: files.certificate) == 2)
            await #expect(throws: ClientError.self) { try await ask(server, trusting: old) }
        }
    }

    @Test("what is wrong with the files is named")
    func wrong() throws {
        func problem(_ certificate: String, _ key: String) -> String {
            do throws(ConfigurationError) {
                _ = try Certificates(.init(certificate: certificate, key: key), log: quiet)
                return ""
            } catch {
                return "\(error)"
            }
        }
        let other = Certificates.Files(certificate: folder + "/other.pem", key: folder + "/other.key")
        try issue(other)
        #expect(problem(files.certificate, "/none").hasPrefix("/none: No such file"))
        #expect(problem("/none", files.key).hasPrefix("/none is no certificate in PEM, or cannot be read"))
        #expect(problem(files.key, files.key).contains("certificate"))
        #expect(problem(files.certificate, other.key).hasPrefix("\(other.key) is not the key of the first"))
        chmod(other.key, 0o604)
        #expect(
            problem(other.certificate, other.key)
                == "\(other.key) can be read by everybody: chmod o= '\(other.key)'")
    }
}
