import AMQP
import BrokerKit
import Contract
import Logging
import Support
import Testing

@testable import Coordinator

/// With a broker of its own, which other tests need not share the troubles of.
@Suite("A coordinator at a real broker", .serialized, .timeLimit(.minutes(3))) struct LiveBrokerTests {
    private static let broker = Task { try await PrivateBroker() }
    private let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// Lends a connection that is up.
    private func connected(
        _ name: String, _ work: (PrivateBroker, Connection) async throws -> Void
    ) async throws {
        let broker = try await Self.broker.value
        let connection = Connection(try Endpoint(url: broker.url), ConnectionOptions(name: name))
        connection.start()
        try await connection.waitUntilConnected(timeout: .seconds(30))
        do { try await work(broker, connection) } catch {
            await connection.close()
            throw error
        }
        await connection.close()
    }

    @Test("that the broker takes no messages is found out, though there is nothing to publish")
    func shortOfMemory() async throws {
        try await connected("probe") { broker, connection in
            let mailbox = Mailbox<CoreInput>()
            let watch = BrokerWatch(connection: connection, link: .publishing, mailbox: mailbox, log: log)
            let tasks = [Task { await watch.run() }, Task { await connection.probeForAlarms() }]
            defer { for task in tasks { task.cancel() } }
            guard case .back(.link(.publishing))? = await mailbox.next(most: 1)?.first else {
                Issue.record("it is there")
                return
            }
            try await broker.setMemoryAlarm(true)
            guard case .away(.link(.publishing), let why)? = await mailbox.next(most: 1)?.first else {
                Issue.record("it takes nothing")
                return
            }
            #expect(why == "it takes no messages: low on memory")
            try await broker.setMemoryAlarm(false)
            guard case .back(.link(.publishing))? = await mailbox.next(most: 1)?.first else {
                Issue.record("it takes messages again")
                return
            }
        }
    }

    @Test("what is consumed before anybody watches is not missed")
    func early() async throws {
        let connection = Connection(
            try Endpoint(url: try await Self.broker.value.url), ConnectionOptions(name: "early"))
        let mailbox = Mailbox<CoreInput>()
        let watch = BrokerWatch(connection: connection, link: .consuming, mailbox: mailbox, log: log)
        let states = connection.states
        connection.start()
        let deliveries = connection.consume(declaring: .temporary("early"), bindings: [], prefetch: 1)
        for await state in states where state == .consuming(queue: "early") { break }
        let watching = Task { await watch.run() }
        while let input = await mailbox.next(most: 1)?.first {
            if case .back(.queue("early")) = input { break }
        }
        withExtendedLifetime(deliveries) {}
        watching.cancel()
        await connection.close()
    }

    @Test("a second coordinator gets no answers while the first is there, and all of them afterwards")
    func second() async throws {
        try await connected("publishes") { broker, connection in
            #expect(try await Topology(hosts: []).declare(on: connection) == [])
            func consumer() async throws -> (Connection, Deliveries) {
                let consumer = Connection(try Endpoint(url: broker.url), ConnectionOptions(name: "consumes"))
                let states = consumer.states
                consumer.start()
                let deliveries = consumer.consume(queue: QueueName.coordinator, prefetch: 1)
                for await state in states { if case .consuming = state { break } }
                return (consumer, deliveries)
            }
            func say(_ text: String) async throws {
                try await connection.publish(
                    AMQP.Message(body: Array(text.utf8)), exchange: ExchangeName.events,
                    routingKey: "a.reflow.slice.finished", mandatory: true)
            }
            var answers: [String] = []
            func take(_ deliveries: Deliveries, _ count: Int) async {
                var left = count
                for await delivery in deliveries {
                    if case .complete(let bytes) = delivery.body {
                        answers.append(String(decoding: bytes, as: UTF8.self))
                    }
                    delivery.ack()
                    left -= 1
                    if left == 0 { return }
                }
            }
            let (first, ofFirst) = try await consumer()
            try await say("0")
            await take(ofFirst, 1)
            let (second, ofSecond) = try await consumer()
            for number in 1...4 { try await say("\(number)") }
            // Taking turns, two of these would be for the second.
            await take(ofFirst, 4)
            await first.close()
            try await say("5")
            await take(ofSecond, 1)
            await second.close()
            #expect(answers == ["0", "1", "2", "3", "4", "5"])
        }
    }

    @Test("what is missing when the broker comes back is declared again")
    func empty() async throws {
        try await connected("declares") { broker, connection in
            let declaring = Task {
                await TopologyKeeper(Topology(hosts: []), on: connection, log: log).run()
            }
            defer { declaring.cancel() }
            try await connected("looks") { _, other in
                func waitForQueue() async throws {
                    while (try? await other.inspect(queue: QueueName.coordinator)) == nil {
                        try Task.checkCancellation()
                    }
                }
                try await waitForQueue()
                try await other.delete(queue: QueueName.coordinator)
                try await broker.closeConnections(named: "declares")
                try await waitForQueue()
            }
        }
    }
}
