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
              dashboard read  abcdefghijklmnopqrstuvwxyz # the screen in the hall
            prometheus metrics ABCDEFGHIJKLMNOPQRST
            """
        let expected = [
            Access.Token(name: "ops", role: .operate, secret: "0123456789abcdefghij"),
            Access.Token(name: "dashboard", role: .read, secret: "abcdefghijklmnopqrstuvwxyz"),
            Access.Token(name: "prometheus", role: .metrics, secret: "ABCDEFGHIJKLMNOPQRST"),
        ]
        for end in ["\n", "\r\n", "\r"] {
            let lines = text.replacing("\n", with: end)
            for whole in [lines, lines + end, "\u{FEFF}" + lines, "\u{FEFF}# a comment first" + end + lines] {
                #expect(
                    try TokenFile(text: whole, of: "tokens").tokens == expected, "\(end.debugDescription)")
            }
        }
    }

    @Test("each role may do what it is for, and no more; who is refused is in the audit")
    func roles() async throws {
        let tokens = Role.given.map {
            Access.Token(name: "the-\($0.rawValue)", role: $0, secret: "\($0.rawValue)-0123456789abcdefghij")
        }
        let core = MemoryCore()
        try await Server.run(core: core, tokens: tokens) { server in
            for token in tokens {
                try await server.ask(token: token.secret, byTCP: true) { client in
                    let mayRead = await isLetIn {
                        let _: RolloutStatus = try await client.get("/v1/rollouts/november-1")
                    }
                    #expect(mayRead == (token.role >= .read))
                    let mayPause = await isLetIn {
                        let _: RolloutStatus = try await client.post("/v1/rollouts/november-1/pause")
                    }
                    #expect(mayPause == (token.role == .operate))
                }
            }
            while await core.entries.count(where: { $0.action == "access.refused" }) < 3 {
                try await Task.sleep(for: .milliseconds(5))
            }
            let refused = await core.entries.filter { $0.action == "access.refused" }
            #expect(
                Set(refused.map { "\($0.who) \($0.object)" }) == [
                    "the-read POST /v1/rollouts/november-1/pause", "the-metrics GET /v1/rollouts/november-1",
                    "the-metrics POST /v1/rollouts/november-1/pause",
                ])
        }
    }

    /// Whether `ask` is answered; records what is neither yes nor 403.
    private func isLetIn(_ ask: () async throws -> Void) async -> Bool {
        do {
            try await ask()
            return true
        } catch ClientError.problem(let problem) where problem.status == 403 {
            return false
        } catch {
            Issue.record("\(error)")
            return false
        }
    }

    @Test("a token that is revoked ends what is open with it, at once; the others stay")
    func revocation() async throws {
        let list = TokenList(Self.tokens)
        try await Server.run(tokens: Self.tokens, list: list) { server in
            try await withThrowingTaskGroup(of: String.self) { group in
                let (connected, note) = AsyncStream.makeStream(of: Void.self)
                for token in Self.tokens {
                    group.addTask {
                        try await server.ask(token: token.secret, byTCP: true) { client in
                            do {
                                _ = try await client.follow(EventQuery()) { news in
                                    if case .connected = news { note.yield() }
                                    return true
                                }
                            } catch is ClientError {}
                            return token.name
                        }
                    }
                }
                var both = connected.makeAsyncIterator()
                for _ in Self.tokens { await both.next() }
                #expect(list.replace(with: [Self.tokens[1]]) == ["dashboard"])
                #expect(try await group.next() == "dashboard")
                try await server.ask(token: Self.tokens[1].secret, byTCP: true) { client in
                    let _: Listing<HostStatus> = try await client.get("/v1/hosts")
                }
                let failure = await #expect(throws: ClientError.self) {
                    try await server.ask(token: Self.tokens[0].secret, byTCP: true) { client in
                        let _: Listing<HostStatus> = try await client.get("/v1/hosts")
                    }
                }
                if case .problem(let problem)? = failure { #expect(problem.status == 401) }
                group.cancelAll()
            }
        }
    }

    @Test("by the second socket one may look, and change nothing")
    func readSocket() async throws {
        let path = try RunFolder.subfolder("read") + "/read.sock"
        try await Server.run(readSocket: path) { server in
            try await CoordinatorClient.use(CoordinatorAddress(path)) { client in
                let hosts: Listing<HostStatus> = try await client.get("/v1/hosts")
                #expect(hosts.items.count == 2)
                let mayPause = await isLetIn {
                    let _: RolloutStatus = try await client.post("/v1/rollouts/november-1/pause")
                }
                #expect(!mayPause)
            }
            try await server.ask { client in
                let _: RolloutStatus = try await client.post("/v1/rollouts/november-1/pause")
            }
        }
        #expect(!SocketFile(path: path).isSocket)
    }

    @Test("refusals alike are told once in ten minutes, with their number; strangers crowd nobody out")
    func refusalCount() {
        var count = RefusalCount()
        let start = ContinuousClock.now
        func subject(_ name: String) -> RefusalCount.Subject { .init(who: name, address: nil, why: "") }
        #expect(count.add(subject("a"), at: start) == 0)
        for second in 1..<600 { #expect(count.add(subject("a"), at: start + .seconds(second)) == nil) }
        #expect(count.add(subject("a"), at: start + .seconds(600)) == 599)
        let others = (0..<1000).compactMap { count.add(subject("\($0)"), at: start + .seconds(601)) }
        #expect(others.count == RefusalCount.most, "the last of them is all the others")
        #expect(count.add(subject("late"), at: start + .seconds(1300)) == 0)
    }

    @Test(
        "what is wrong with the file is named",
        arguments: [
            ("# nothing\n", "tokens has no token: write a name, a role and a secret on a line"),
            ("ops\n", "tokens line 1: a name, a role and a secret, and nothing else"),
            ("\r\nops read b c\r\n", "tokens line 2: a name, a role and a secret, and nothing else"),
            ("\nops writes b\n", "tokens line 2: 'writes' is no role; there are read, operate, metrics"),
            ("ops anyone b\n", "tokens line 1: 'anyone' is no role; there are read, operate, metrics"),
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
