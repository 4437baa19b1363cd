import Contract
import DefragTypes
import Glibc
import Support
import Testing

@testable import Coordinator
@testable import ReflowAPI

@Suite("Tokens", .timeLimit(.minutes(1))) struct TokenTests {
    private static let tokens = [
        Access.Token(name: "dashboard", secret: "0123456789abcdefghij"),
        Access.Token(name: "ops", secret: "0123456789abcdefghik"),
    ]

    @Test("who has one is let in, under its name")
    func right() async throws {
        try await Server.run(tokens: Self.tokens) { server in
            try await server.ask(token: Self.tokens[1].secret, byTCP: true) { client in
                let _: RolloutStatus = try await client.post("/v1/rollouts/november-1/pause")
                let audit: Listing<AuditEntry> = try await client.get("/v1/audit")
                #expect(audit.items.map(\.who) == ["ops"])
            }
        }
    }

    @Test(
        "nobody else is",
        arguments: [nil, "", "0123456789abcdefghi", "0123456789abcdefghil", "0123456789abcdefghij0", "ops"])
    func wrong(token: String?) async throws {
        try await Server.run(tokens: Self.tokens) { server in
            let failure = await #expect(throws: ClientError.self) {
                try await server.ask(token: token, byTCP: true) { client in
                    let _: Listing<HostStatus> = try await client.get("/v1/hosts")
                }
            }
            guard case .problem(let problem) = try #require(failure) else {
                Issue.record("\(failure as Any)")
                return
            }
            #expect(problem.status == 401)
            #expect(Failure(.problem(problem), at: try server.address).status == .notPermitted)
            try await server.ask(byTCP: true) { client in
                let health: [String: String] = try await client.get("/healthz")
                #expect(health == ["status": "ok"], "probes have no token")
            }
        }
    }

    @Test("the file's lines are a name and a secret each")
    func file() throws {
        let text = """
            # who may ask

            ops\t0123456789abcdefghij
              dashboard  abcdefghijklmnopqrstuvwxyz\r
            """
        #expect(
            try TokenFile(text: text, of: "tokens").tokens == [
                .init(name: "ops", secret: "0123456789abcdefghij"),
                .init(name: "dashboard", secret: "abcdefghijklmnopqrstuvwxyz"),
            ])
    }

    @Test(
        "what is wrong with the file is named",
        arguments: [
            ("# nothing\n", "tokens has no token: write a name and a secret on a line"),
            ("ops\n", "tokens line 1: a name and a secret, and nothing else"),
            ("\nops a b\n", "tokens line 2: a name and a secret, and nothing else"),
            ("ops short\n", "tokens line 1: the secret of ops has fewer than 20 characters"),
            (
                "ops 0123456789abcdefghij\nops 0123456789abcdefghik\n",
                "tokens line 2: the name or the secret is there already"
            ),
        ])
    func wrongFile(text: String, words: String) {
        #expect(throws: ConfigurationError(words)) { try TokenFile(text: text, of: "tokens") }
    }

    @Test("a file that everybody may read is refused")
    func mode() throws {
        let path = try RunFolder.subfolder("tokens") + "/tokens"
        let file = try #require(fopen(path, "w"))
        fputs("ops 0123456789abcdefghij\n", file)
        fclose(file)
        chmod(path, 0o644)
        #expect(throws: ConfigurationError("\(path) can be read by everybody: chmod o= '\(path)'")) {
            try TokenFile(path: path)
        }
        chmod(path, 0o640)
        #expect(try TokenFile(path: path).tokens.map(\.name) == ["ops"])
    }
}
