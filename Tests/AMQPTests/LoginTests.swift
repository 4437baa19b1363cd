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
        #expect(error?.code == .accessRefused)
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
            #expect(error?.code == .accessRefused)
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
        #expect(try await failure(broker.url(user: user, password: "p"))?.code == .accessRefused)
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

    /// Brokers without authentication_failure_close close the connection after they received the password.
    @Test func closingDuringTheLoginIsARefusal() async throws {
        let proxy = try FaultyProxy(to: try await PrivateBroker.shared().port, cutsLogins: true)
        defer { proxy.close() }
        let error = try await failure("amqp://127.0.0.1:\(proxy.port)")
        #expect(error?.code == .accessRefused)
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
