import AMQP
import Support
import Testing

/// Consuming from a real broker.
@Suite struct ConsumingTests {
    @Test func thePrefetchHoldsEachConsumerSeparately() async throws {
        try await withConnection { connection in
            let first = try await connection.declare(.temporary())
            let second = try await connection.declare(.temporary())
            for number in 0..<5 {
                for queue in [first, second] {
                    try await connection.publish(message("\(number)"), exchange: "", routingKey: queue.name)
                }
            }
            let one = connection.consume(queue: first.name, prefetch: 1)
            let three = connection.consume(queue: second.name, prefetch: 3)
            var ones = one.makeAsyncIterator()
            var threes = three.makeAsyncIterator()
            let held = try #require(await ones.next())
            for number in 0..<3 { #expect(await threes.next()?.text == "\(number)") }
            #expect(try await connection.inspect(queue: first.name).messages == 4)
            #expect(try await connection.inspect(queue: second.name).messages == 2)
            #expect(held.ack())
            #expect(held.ack())  // twice does no harm
            #expect(await ones.next()?.text == "1")
        }
    }

    @Test func whatIsNotReadGoesBackAndWhatIsReadMayStillBeAcked() async throws {
        try await withConnection { connection in
            let queue = try await connection.declare(.temporary().keptWithoutConsumers)
            for number in 0..<3 {
                try await connection.publish(message("\(number)"), exchange: "", routingKey: queue.name)
            }
            let held = try #require(
                await connection.consume(queue: queue.name, prefetch: 3).first { _ in true })
            #expect(held.text == "0")
            #expect(held.ack())
            // The first consumer is gone; its two unread messages are redelivered, in order.
            var next = connection.consume(queue: queue.name, prefetch: 1).makeAsyncIterator()
            for number in 1...2 {
                let delivery = try #require(await next.next())
                #expect(delivery.text == "\(number)")
                #expect(delivery.ack())
            }
        }
    }

    @Test func aRejectedMessageIsRedeliveredAndCounted() async throws {
        let name = testOptions().name
        try await withConnection { connection in
            try await connection.declare(QueueDefinition(name, arguments: ["x-queue-type": "quorum"]))
            try await connection.publish(message("again"), exchange: "", routingKey: name)
            var deliveries = connection.consume(queue: name, prefetch: 1).makeAsyncIterator()
            #expect(try #require(await deliveries.next()).reject(requeue: true))
            let again = try #require(await deliveries.next())
            #expect(again.isRedelivered)
            #expect(again.deliveryCount == 1)
            #expect(again.ack())
            try await connection.delete(queue: name)
        }
    }

    @Test func aMessageWithTooLargeABodyIsDeliveredWithoutIt() async throws {
        var options = testOptions()
        options.maxBodySize = 1000
        let name = testOptions().name
        try await withConnection { publisher in
            let dead = try await publisher.declare(QueueDefinition("\(name).dead"))
            try await publisher.declare(
                QueueDefinition(
                    name,
                    arguments: [
                        "x-dead-letter-exchange": "", "x-dead-letter-routing-key": .string(dead.name),
                    ]))
            var large = Message(body: [UInt8](repeating: 1, count: 1 << 20))
            large.properties.messageID = "large"
            try await publisher.publish(large, exchange: "", routingKey: name)
            try await publisher.publish(message("small"), exchange: "", routingKey: name)
            try await withConnection(options) { connection in
                var deliveries = connection.consume(queue: name, prefetch: 2).makeAsyncIterator()
                let delivery = try #require(await deliveries.next())
                #expect(delivery.body == .tooLarge(size: 1 << 20))
                #expect(delivery.properties.messageID == "large")
                #expect(delivery.reject(requeue: false))
                let small = try #require(await deliveries.next())
                #expect(small.text == "small")
                #expect(small.ack())
            }
            let found = await publisher.consume(queue: dead.name, prefetch: 1).first { _ in true }
            #expect(found?.body == .complete(large.body))
            #expect(found?.ack() == true)
            for queue in [name, dead.name] { try await publisher.delete(queue: queue) }
        }
    }

    @Test func aMissingQueueIsAwaited() async throws {
        let name = testOptions().name
        try await withConnection { connection in
            let states = connection.states
            let other = try await connection.declare(.temporary())
            var deliveries = connection.consume(queue: name, prefetch: 1).makeAsyncIterator()
            let state = try await states.reaches { if case .notConsuming = $0 { true } else { false } }
            guard case .notConsuming(let queue, let error, _) = state else { return }
            #expect(queue == name)
            #expect(error.code == .notFound)
            // An operator provisions it.
            try await connection.declare(QueueDefinition(name))
            try await connection.publish(message("at last"), exchange: "", routingKey: name)
            let delivery = try #require(await deliveries.next())
            #expect(delivery.text == "at last")
            // Deleted under a consumer: cancelled, awaited again, subscribed again.
            let later = connection.states
            try await connection.delete(queue: name)
            let cancelled = try await later.reaches { if case .notConsuming = $0 { true } else { false } }
            guard case .notConsuming(_, let reason, _) = cancelled else { return }
            #expect(reason.code == .cancelled)
            #expect(!delivery.ack())
            try await connection.declare(QueueDefinition(name))
            try await connection.publish(message("once more"), exchange: "", routingKey: name)
            let again = try #require(await deliveries.next())
            #expect(again.text == "once more")
            #expect(again.ack())
            try await connection.delete(queue: name)
            _ = try await connection.inspect(queue: other.name)
        }
    }

    @Test func aConsumerBringsItsOwnQueue() async throws {
        let name = testOptions().name
        try await withConnection { connection in
            try await connection.declare(ExchangeDefinition(name, .topic))
            let bindings = [
                Binding(exchange: name, routingKey: "h1.#"), Binding(exchange: name, routingKey: "h2.#"),
            ]
            let states = connection.states
            var deliveries = connection.consume(declaring: .temporary(), bindings: bindings, prefetch: 10)
                .makeAsyncIterator()
            _ = try await states.reaches { if case .consuming = $0 { true } else { false } }
            try await connection.publish(message("2"), exchange: name, routingKey: "h2.x", mandatory: true)
            #expect(await deliveries.next()?.text == "2")
            // It is declared and bound again over the next connection.
            let later = connection.states
            try await PrivateBroker.shared().closeConnections(named: connection.name)
            _ = try await later.reaches { if case .consuming = $0 { true } else { false } }
            try await connection.publish(message("1"), exchange: name, routingKey: "h1.x", mandatory: true)
            #expect(await deliveries.next()?.text == "1")
            try await connection.delete(exchange: name)
        }
    }

    @Test func aCancelledLoopEnds() async throws {
        try await withConnection { connection in
            let queue = try await connection.declare(.temporary())
            let deliveries = connection.consume(queue: queue.name, prefetch: 1)
            let loop = Task {
                for await _ in deliveries {}
            }
            loop.cancel()
            await loop.value
        }
    }

    @Test func aLoopEndsWithTheConnection() async throws {
        let (loop, delivery) = try await withConnection { connection in
            let queue = try await connection.declare(.temporary())
            try await connection.publish(message(""), exchange: "", routingKey: queue.name)
            let deliveries = connection.consume(queue: queue.name, prefetch: 1)
            let delivery = await deliveries.first { _ in true }
            return (Task { await deliveries.first { _ in true } }, delivery)
        }
        #expect(await loop.value == nil)
        #expect(delivery?.ack() == false)
    }

    @Test func aDeeplyNestedHeaderDoesNoHarm() async throws {
        try await withConnection { connection in
            let queue = try await connection.declare(.temporary())
            var value = FieldValue.integer(1)
            for _ in 0..<2000 { value = .table(["t": value]) }
            var deep = message("deep")
            deep.properties.headers["deep"] = value
            try await connection.publish(deep, exchange: "", routingKey: queue.name, mandatory: true)
            let delivery = await connection.consume(queue: queue.name, prefetch: 1).first { _ in true }
            #expect(delivery?.text == "deep")
            #expect(delivery?.ack() == true)
        }
    }
}

extension QueueDefinition {
    /// The same, except that it outlives its consumers.
    fileprivate var keptWithoutConsumers: QueueDefinition {
        var queue = self
        queue.isAutoDelete = false
        return queue
    }
}
