import AMQP
import Support
import Testing

/// How a connection is established, or says why not.
@Suite struct LoginTests {
    private func failure(_ url: String, within timeout: Duration = .seconds(20)) async throws -> AMQPError? {
        try await withConnection(url) { connection in
            let start = ContinuousClock.now
            let error = await amqpError { try await connection.waitUntilConnected(timeout: timeout) }
            if error?.isRetriable == false { #expect(.now - start < timeout) }
            return error
        }
    }

    @Test func aWrongPasswordIsNamedAtOnce() async throws {
        let broker = try await PrivateBroker.shared()
        let error = try await failure(broker.url(user: "guest", password: "s3cret"))
        #expect(error?.code == .credentialsRefused)
        #expect(error?.replyCode == 403)
        #expect(error?.isRetriable == false)
        #expect(error?.message.contains("guest@127.0.0.1:\(broker.port)") == true)
        #expect(error?.message.contains("s3cret") == false)
    }

    @Test func aPasswordThatIsSetRightLaterIsFound() async throws {
        let broker = try await PrivateBroker.shared()
        let user = testOptions().name
        try await broker.setUser(user, password: "old")
        try await withConnection(broker.url(user: user, password: "new")) { connection in
            let error = await amqpError { try await connection.waitUntilConnected(timeout: .seconds(20)) }
            #expect(error?.code == .credentialsRefused)
            let states = connection.states
            try await broker.setUser(user, password: "new")
            _ = try await states.reaches { $0 == .connected }
        }
    }

    @Test func aMissingVirtualHostIsNamed() async throws {
        let error = try await failure(try await PrivateBroker.shared().url + "/nowhere")
        #expect(error?.code == .vhostNotFound)
        #expect(error?.message.contains("nowhere") == true)
    }

    @Test func aVirtualHostWithoutPermissionIsRefused() async throws {
        let broker = try await PrivateBroker.shared()
        let user = testOptions().name
        try await broker.setUser(user, password: "p", mayUseDefaultVirtualHost: false)
        let error = try await failure(broker.url(user: user, password: "p"))
        // The password is right.
        #expect(error?.code == .accessRefused)
        #expect(error?.message.contains("has no rights on the virtual host") == true)
    }

    @Test func aLimitOfConnectionsPasses() async throws {
        let broker = try await PrivateBroker.shared()
        let user = testOptions().name
        try await broker.setUser(user, password: "p")
        func limit(_ most: Int) async throws {
            try await broker.evaluate(
                """
                rabbit_auth_backend_internal:set_user_limits(\
                <<"\(user)">>, <<"{\\"max-connections\\":\(most)}">>, <<"test">>).
                """)
        }
        try await limit(0)
        try await withConnection(broker.url(user: user, password: "p")) { connection in
            let error = await amqpError { try await connection.waitUntilConnected(timeout: .seconds(1)) }
            #expect(error?.code == .limitReached)
            #expect(error?.isRetriable == true)
            #expect(error?.message.contains("as many connections as it is allowed") == true)
            try await limit(1)
            try await connection.waitUntilConnected(timeout: .seconds(20))
        }
    }

    @Test func aVirtualHostThatIsMadeLaterIsFound() async throws {
        let broker = try await PrivateBroker.shared()
        let vhost = "later-\(UInt32.random(in: 0 ... .max))"
        try await withConnection("\(broker.url)/\(vhost)") { connection in
            let error = await amqpError { try await connection.waitUntilConnected(timeout: .seconds(20)) }
            #expect(error?.code == .vhostNotFound)
            let states = connection.states
            try await broker.evaluate(
                """
                ok = rabbit_vhost:add(<<"\(vhost)">>, <<"test">>), \
                rabbit_auth_backend_internal:set_permissions(\
                <<"guest">>, <<"\(vhost)">>, <<".*">>, <<".*">>, <<".*">>, <<"test">>).
                """)
            _ = try await states.reaches { $0 == .connected }
        }
    }

    @Test func aNodeThatSaysNothingHidesNobody() async throws {
        let silent = try FaultyProxy(to: nil)
        defer { silent.close() }
        var options = testOptions()
        options.connectTimeout = .milliseconds(300)
        let broker = try await PrivateBroker.shared()
        let places = "127.0.0.1:\(silent.port),127.0.0.1:1,no-such-host.invalid,127.0.0.1:\(broker.port)"
        try await withConnection("amqp://guest:guest@\(places)", options) { connection in
            try await connection.waitUntilConnected(timeout: .seconds(20))
        }
    }

    @Test func theOtherNodeIsUsedWhenOneIsLost() async throws {
        let broker = try await PrivateBroker.shared()
        let nodes = [try FaultyProxy(to: broker.port), try FaultyProxy(to: broker.port)]
        defer { for node in nodes { node.close() } }
        let places = nodes.map { "127.0.0.1:\($0.port)" }.joined(separator: ",")
        try await withConnection("amqp://guest:guest@\(places)") { connection in
            try await connection.waitUntilConnected(timeout: .seconds(20))
            let first = try #require(nodes.firstIndex { $0.accepted == 1 })
            let states = connection.states
            nodes[first].cut()
            _ = try await states.reaches { if case .disconnected = $0 { true } else { false } }
            _ = try await states.reaches { $0 == .connected }
            #expect(nodes.map(\.accepted) == [1, 1])
        }
    }

    @Test func aRoundThatReachesNobodyNamesThemAll() async throws {
        var options = testOptions()
        options.connectTimeout = .milliseconds(300)
        let error = try await withConnection("amqp://127.0.0.1:1,127.0.0.1:2", options) { connection in
            await amqpError { try await connection.waitUntilConnected(timeout: .seconds(1)) }
        }
        #expect(error?.code == .unreachable)
        #expect(error?.message.contains("127.0.0.1:1") == true)
        #expect(error?.message.contains("127.0.0.1:2") == true)
    }

    @Test(arguments: ["amqp://127.0.0.1:1", "amqp://no-such-host.invalid"])
    func whoIsNotThereIsUnreachable(url: String) async throws {
        let error = try await failure(url, within: .milliseconds(500))
        #expect(error?.code == .unreachable)
        #expect(error?.isRetriable == true)
        #expect(error?.message.contains(try Endpoint(url: url).description) == true)
    }

    @Test func aSilentServerIsUnreachable() async throws {
        let proxy = try FaultyProxy(to: nil)
        defer { proxy.close() }
        var options = testOptions()
        options.connectTimeout = .milliseconds(300)
        try await withConnection("amqp://127.0.0.1:\(proxy.port)", options) { connection in
            let states = connection.states
            let state = try await states.reaches { if case .disconnected = $0 { true } else { false } }
            guard case .disconnected(let error, _) = state else { return }
            #expect(error.code == .unreachable)
            #expect(error.message.contains("does not answer"))
        }
    }

    /// A broker that refuses a password says so. One that is cut off in mid-login has not.
    @Test func closingDuringTheLoginIsNoRefusal() async throws {
        let proxy = try FaultyProxy(to: try await PrivateBroker.shared().port, cutsLogins: true)
        defer { proxy.close() }
        let error = try await failure("amqp://127.0.0.1:\(proxy.port)", within: .seconds(1))
        #expect(error?.code == .unreachable)
        #expect(error?.message.contains("hung up in mid-login") == true)
    }

    @Test func theBrokerKnowsTheConnectionByName() async throws {
        try await withConnection { connection in
            let list = try await PrivateBroker.shared().evaluate(
                """
                lists:flatten(io_lib:format("~p", [rabbit_networking:connection_info_all([client_properties])])).
                """)
            #expect(list.contains(connection.name))
            #expect(list.contains("consumer_cancel_notify"))
        }
    }
}
