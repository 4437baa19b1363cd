import AMQP
import Support
import Testing

/// Outages of a whole broker; with one of its own, so that other tests are not affected. One after the other.
@Suite(.serialized) struct OutageTests {
    private static let broker = Task { try await PrivateBroker() }

    @Test func aBlockedConnectionWaits() async throws {
        let broker = try await Self.broker.value
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
        let broker = try await Self.broker.value
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
}
