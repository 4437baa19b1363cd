import AMQP
import Glibc
import Support
import Testing

/// TLS with a broker that has a certificate for `localhost` and 127.0.0.1, listens on 127.0.0.2 as well, and takes clients'
/// certificates as logins.
@Suite(.serialized) struct TLSTests {
    private struct Rig {
        let authority: ThrowawayAuthority
        let broker: PrivateBroker
        let port: UInt16

        func connection(_ rest: String, _ files: TLSFiles? = nil) throws -> Connection {
            let own = TLSFiles(authorities: authority.caFile)
            let endpoint = try Endpoint(url: "amqps://\(rest)", files: files ?? own)
            return Connection(endpoint, testOptions())
        }

        func files(_ name: String) -> TLSFiles {
            TLSFiles(
                authorities: authority.caFile, certificate: "\(authority.folder)/\(name).pem",
                key: "\(authority.folder)/\(name).key")
        }
    }

    private static let rig = Task {
        let authority = try ThrowawayAuthority()
        let port = try PrivateBroker.freePorts(1)
        let broker = try await PrivateBroker(
            configuration: """
                listeners.ssl.1 = 127.0.0.1:\(port)
                listeners.ssl.2 = 127.0.0.2:\(port)
                ssl_options.cacertfile = \(authority.caFile)
                ssl_options.certfile = \(authority.certificateFile)
                ssl_options.keyfile = \(authority.keyFile)
                ssl_options.verify = verify_peer
                ssl_options.fail_if_no_peer_cert = false
                auth_mechanisms.1 = PLAIN
                auth_mechanisms.2 = EXTERNAL
                ssl_cert_login_from = common_name
                """, plugins: ["rabbitmq_auth_mechanism_ssl"])
        return Rig(authority: authority, broker: broker, port: port)
    }

    private func using<Result>(
        _ connection: Connection, _ body: (Connection) async throws -> Result
    ) async throws -> Result {
        connection.start()
        let result: Result
        do { result = try await body(connection) } catch {
            await connection.close()
            throw error
        }
        await connection.close()
        return result
    }

    @Test(arguments: ["localhost", "127.0.0.1", "LOCALHOST", "127.0.0.2:1,localhost"])
    func aTrustedBrokerIsReached(host: String) async throws {
        let rig = try await Self.rig.value
        try await using(rig.connection("\(host):\(rig.port)")) { connection in
            try await connection.waitUntilConnected(timeout: .seconds(20))
            let queue = try await connection.declare(.temporary())
            var deliveries = connection.consume(queue: queue.name, prefetch: 20).makeAsyncIterator()
            // Larger than a TLS record, and several in one read.
            for number in 0..<20 {
                let body = [UInt8](repeating: UInt8(number), count: 100_000 * (number % 3))
                try await connection.publish(
                    Message(body: body), exchange: "", routingKey: queue.name, mandatory: true)
            }
            for number in 0..<20 {
                let delivery = try #require(await deliveries.next())
                let body = [UInt8](repeating: UInt8(number), count: 100_000 * (number % 3))
                #expect(delivery.body == .complete(body))
                #expect(delivery.ack())
            }
        }
    }

    @Test(arguments: [
        ("localhost", "other", "is not accepted"),  // another authority
        ("localhost", "", "is not accepted"),  // those of the system
        ("localhost", "missing", "cannot read authorities"),
        ("127.0.0.2", "own", "for another host"),  // an address that the certificate does not have
        ("127.1", "own", "for another host"),  // a name that it does not have
    ])
    func anUntrustedBrokerIsRefused(host: String, authority: String, words: String) async throws {
        let rig = try await Self.rig.value
        let file: String? =
            switch authority {
            case "own": rig.authority.caFile
            case "other": rig.authority.otherCAFile
            case "missing": "/nonexistent.pem"
            default: nil
            }
        let connection = try rig.connection("\(host):\(rig.port)", TLSFiles(authorities: file))
        try await using(connection) { connection in
            let error = await amqpError { try await connection.waitUntilConnected(timeout: .seconds(20)) }
            #expect(error?.code == .tls)
            #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
        }
    }

    @Test func plainTextIsNotTLS() async throws {
        let rig = try await Self.rig.value
        try await using(rig.connection("localhost:\(rig.broker.port)")) { connection in
            let error = await amqpError { try await connection.waitUntilConnected(timeout: .seconds(20)) }
            #expect(error?.code == .tls)
            #expect(error?.message.contains("does it speak TLS on this port?") == true)
        }
    }

    @Test func verificationCanBeTurnedOff() async throws {
        let rig = try await Self.rig.value
        try await using(rig.connection("127.0.0.2:\(rig.port)?verify=verify_none")) { connection in
            try await connection.waitUntilConnected(timeout: .seconds(20))
        }
    }

    @Test func aCertificateIsALogin() async throws {
        let rig = try await Self.rig.value
        let account = "reflow-\(UInt32.random(in: 0 ... .max))"
        try await rig.broker.setUser(account, password: "not used")
        try rig.authority.issue("login", commonName: account)
        let connection = try rig.connection("localhost:\(rig.port)", rig.files("login"))
        #expect(connection.endpoint.account == account)
        try await using(connection) { connection in
            try await connection.waitUntilConnected(timeout: .seconds(20))
            let queue = try await connection.declare(.temporary())
            var deliveries = connection.consume(queue: queue.name, prefetch: 1).makeAsyncIterator()
            try await connection.publish(message("x"), exchange: "", routingKey: queue.name, mandatory: true)
            // The broker has checked it.
            #expect(await deliveries.next()?.properties.userID == account)
        }
    }

    @Test func aCertificateThatWasRenewedIsUsedFromTheNextConnectionOn() async throws {
        let rig = try await Self.rig.value
        let (old, new) = ("old-\(UInt32.random(in: 0 ... .max))", "new-\(UInt32.random(in: 0 ... .max))")
        for account in [old, new] { try await rig.broker.setUser(account, password: "not used") }
        try rig.authority.issue("renewed", commonName: old)
        let connection = try rig.connection("localhost:\(rig.port)", rig.files("renewed"))
        try await using(connection) { connection in
            try await connection.waitUntilConnected(timeout: .seconds(20))
            let queue = try await connection.declare(.temporary())
            var deliveries = connection.consume(queue: queue.name, prefetch: 1).makeAsyncIterator()
            try await connection.publish(message("1"), exchange: "", routingKey: queue.name)
            let first = try #require(await deliveries.next())
            #expect(first.properties.userID == old)
            first.ack()
            try rig.authority.issue("renewed", commonName: new)
            let states = connection.states
            try await rig.broker.closeConnections(named: connection.name)
            _ = try await states.reaches { if case .disconnected = $0 { true } else { false } }
            _ = try await states.reaches { $0 == .connected }
            let again = try await connection.declare(.temporary())
            var others = connection.consume(queue: again.name, prefetch: 1).makeAsyncIterator()
            try await connection.publish(message("2"), exchange: "", routingKey: again.name)
            #expect(await others.next()?.properties.userID == new)
        }
    }

    @Test func aCertificateOfNoAccountIsRefusedCredentials() async throws {
        let rig = try await Self.rig.value
        try rig.authority.issue("stranger", commonName: "reflow-stranger")
        try await using(rig.connection("localhost:\(rig.port)", rig.files("stranger"))) { connection in
            let error = await amqpError { try await connection.waitUntilConnected(timeout: .seconds(20)) }
            #expect(error?.code == .credentialsRefused)
            #expect(error?.message.contains("'reflow-stranger'") == true)
        }
    }

    @Test(arguments: ["missing", "other", "locked"])
    func aCertificateThatCannotBeUsedIsNamed(kind: String) async throws {
        let rig = try await Self.rig.value
        let name = "useless-\(kind)"
        try rig.authority.issue(name, commonName: "reflow-useless")
        var files = rig.files(name)
        switch kind {
        case "missing": files.certificate = "/nonexistent.pem"
        case "other": files.key = rig.authority.keyFile
        default:
            // Nobody is asked for it.
            files.key = "\(rig.authority.folder)/locked.key"
            try Tool.run(
                "openssl", "pkey", "-in", "\(rig.authority.folder)/\(name).key", "-aes256", "-passout",
                "pass:x",
                "-out", "\(rig.authority.folder)/locked.key")
        }
        try await using(rig.connection("localhost:\(rig.port)", files)) { connection in
            let error = await amqpError { try await connection.waitUntilConnected(timeout: .seconds(20)) }
            #expect(error?.code == .tls)
            #expect(error?.message.contains(files.certificate ?? "") == true, "\(error?.message ?? "")")
        }
    }

    @Test func aBrokerThatTakesNoCertificatesSaysSo() async throws {
        let rig = try await Self.rig.value
        let port = try PrivateBroker.freePorts(1)
        let other = try await PrivateBroker(
            configuration: """
                listeners.ssl.1 = 127.0.0.1:\(port)
                ssl_options.cacertfile = \(rig.authority.caFile)
                ssl_options.certfile = \(rig.authority.certificateFile)
                ssl_options.keyfile = \(rig.authority.keyFile)
                ssl_options.verify = verify_peer
                ssl_options.fail_if_no_peer_cert = true
                """)
        try rig.authority.issue("external", commonName: "reflow-external")
        for (files, words) in [
            (rig.files("external"), "takes no certificate as a login"),
            (TLSFiles(authorities: rig.authority.caFile), "certificate"),
        ] {
            try await using(rig.connection("localhost:\(port)", files)) { connection in
                let error = await amqpError { try await connection.waitUntilConnected(timeout: .seconds(20)) }
                #expect(error?.code == .tls)
                #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
            }
        }
        try await other.stop()
    }

    @Test func aCertificateSaysWhoseItIsAndWhenItEnds() async throws {
        let rig = try await Self.rig.value
        try rig.authority.issue("ends", commonName: "reflow-ends", days: 10)
        let contents = try ClientCertificate(file: "\(rig.authority.folder)/ends.pem", keyFile: "").read()
        #expect(contents.commonName == "reflow-ends")
        #expect(abs(contents.expires - Int64(time(nil)) - 10 * 86_400) < 60)
        #expect(throws: AMQPError.self) { try ClientCertificate(file: "/dev/null", keyFile: "").read() }
    }
}
