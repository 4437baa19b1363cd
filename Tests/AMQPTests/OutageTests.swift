import AMQP
import Support
import Testing

/// Outages of a whole broker; with one of its own, so that other tests are not affected. One after the other.
@Suite(.serialized) struct OutageTests {
    private static let authority = Task { try ThrowawayAuthority() }
    private static let broker = Task {
        let authority = try await Self.authority.value
        let port = try PrivateBroker.freePorts(1)
        let broker = try await PrivateBroker(
            configuration: """
                listeners.ssl.default = 127.0.0.1:\(port)
                ssl_options.cacertfile = \(authority.caFile)
                ssl_options.certfile = \(authority.certificateFile)
                ssl_options.keyfile = \(authority.keyFile)
                """)
        return (broker, port)
    }

    @Test func aBlockedConnectionWaits() async throws {
        let (broker, _) = try await Self.broker.value
        try await withConnection(broker.url) { connection in
            try await connection.waitUntilConnected(timeout: .seconds(20))
            let queue = try await connection.declare(.temporary())
            let states = connection.states
            try await broker.setMemoryAlarm(true)
            // The broker reports the alarm on the first message.
            let first = Task {
                try await connection.publish(message("first"), exchange: "", routingKey: queue.name)
            }
            let blocked = try await states.reaches { if case .blocked = $0 { true } else { false } }
            #expect(blocked == .blocked(reason: "low on memory"))
            let more = (0..<100).map { number in
                Task {
                    try await connection.publish(message("\(number)"), exchange: "", routingKey: queue.name)
                }
            }
            connection.offer(message("progress"), key: "p", exchange: "", routingKey: queue.name)
            let later = connection.states
            try await broker.setMemoryAlarm(false)
            _ = try await later.reaches { $0 == .unblocked }
            for task in [first] + more { try await task.value }
            #expect(try await connection.inspect(queue: queue.name).messages == 101)
        }
    }

    @Test(arguments: [true, false])
    func aRestartOfTheBrokerIsSurvived(isOrderly: Bool) async throws {
        let (broker, _) = try await Self.broker.value
        let name = testOptions().name
        try await withConnection(broker.url) { connection in
            try await connection.waitUntilConnected(timeout: .seconds(20))
            // RabbitMQ 3.10.8 loses a quorum queue made less than about a second before a power cut (its messages wait
            // for a leader for ever); not so a classic one.
            try await connection.declare(
                QueueDefinition(name, arguments: isOrderly ? ["x-queue-type": "quorum"] : [:]))
            try await connection.publish(message("before"), exchange: "", routingKey: name)
            var deliveries = connection.consume(queue: name, prefetch: 10).makeAsyncIterator()
            let before = try #require(await deliveries.next())

            // The declaration may be in the node's memory only, as yet.
            try await broker.evaluate("mnesia:sync_log().")
            let states = connection.states
            try await isOrderly ? broker.stop() : broker.kill()
            _ = try await states.reaches { if case .disconnected = $0 { true } else { false } }
            #expect(!before.ack())
            let during = Task {
                try await connection.publish(
                    message("during"), exchange: "", routingKey: name, mandatory: true)
            }
            let error = await amqpError {
                try await connection.waitUntilConnected(timeout: .milliseconds(300))
            }
            #expect(error?.code == .unreachable)
            try await broker.start()
            try await during.value
            var texts: Set<String> = []
            while texts.count < 2 {
                let delivery = try #require(await deliveries.next())
                texts.insert(delivery.text)
                #expect(delivery.ack())
            }
            #expect(texts == ["before", "during"])
            try await connection.delete(queue: name)
        }
    }

    @Test func aTrustedBrokerIsReachedOverTLS() async throws {
        let (_, port) = try await Self.broker.value
        let authority = try await Self.authority.value
        try await withConnection("amqps://localhost:\(port)?cacertfile=\(authority.caFile)") { connection in
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
        ("localhost", "other", "not from a trusted authority"),  // another authority
        ("localhost", "", "not from a trusted authority"),  // those of the system
        ("127.0.0.1", "own", "for another host"),
        ("localhost", "missing", "cannot read authorities"),
    ])
    func anUntrustedBrokerIsRefused(host: String, authority: String, words: String) async throws {
        let (_, port) = try await Self.broker.value
        let files = try await Self.authority.value
        let query =
            switch authority {
            case "own": "?cacertfile=\(files.caFile)"
            case "other": "?cacertfile=\(files.otherCAFile)"
            case "missing": "?cacertfile=/nonexistent.pem"
            default: ""
            }
        try await withConnection("amqps://\(host):\(port)\(query)") { connection in
            let error = await amqpError { try await connection.waitUntilConnected(timeout: .seconds(20)) }
            #expect(error?.code == .tls)
            #expect(error?.message.contains(words) == true)
        }
    }

    @Test func plainTextIsNotTLS() async throws {
        let (broker, _) = try await Self.broker.value
        let authority = try await Self.authority.value
        try await withConnection("amqps://localhost:\(broker.port)?cacertfile=\(authority.caFile)") {
            connection in
            let error = await amqpError { try await connection.waitUntilConnected(timeout: .seconds(20)) }
            #expect(error?.code == .tls)
        }
    }

    @Test func verificationCanBeTurnedOff() async throws {
        let (_, port) = try await Self.broker.value
        try await withConnection("amqps://127.0.0.1:\(port)?verify=verify_none") { connection in
            try await connection.waitUntilConnected(timeout: .seconds(20))
        }
    }
}
