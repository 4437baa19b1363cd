import AMQP
import Support
import Testing

/// Publishing to a real broker.
@Suite struct PublishingTests {
    @Test func aMessageArrivesAsItWasSent() async throws {
        try await withConnection { connection in
            let queue = try await connection.declare(.temporary())
            var properties = MessageProperties()
            properties.contentType = "application/cloudevents+json"
            properties.type = "reflow.slice"
            properties.messageID = "m1"
            properties.correlationID = "c1"
            properties.replyTo = "r1"
            properties.timestamp = 1_700_000_000
            properties.expiration = .seconds(60)
            properties.priority = 3
            properties.appID = "tests"
            properties.headers = [
                "bool": true, "integer": -5, "large": .integer(.max), "double": .double(1.5), "text": "é",
                "bytes": .bytes([0, 255]), "time": .timestamp(7), "array": .array([1, "two", .null]),
                "table": .table(["inner": .table(["deep": 1])]), "null": .null,
            ]
            let body = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }  // several frames
            try await connection.publish(
                Message(body: body, properties: properties), exchange: "", routingKey: queue.name,
                mandatory: true)

            let deliveries = connection.consume(queue: queue.name, prefetch: 1)
            let delivery = try #require(await deliveries.first { _ in true })
            #expect(delivery.body == .complete(body))
            #expect(delivery.userID == "guest")
            #expect(delivery.exchange == "" && delivery.routingKey == queue.name)
            #expect(!delivery.isRedelivered && delivery.deliveryCount == nil)
            var received = delivery.properties
            #expect(received.headers == properties.headers)
            received.headers = [:]
            properties.headers = [:]
            #expect(received.description(without: "userID") == properties.description(without: "userID"))
            #expect(delivery.ack())
        }
    }

    @Test func manyAtATimeAreAllConfirmed() async throws {
        try await withConnection { connection in
            let queue = try await connection.declare(.temporary())
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<1000 {
                    group.addTask {
                        try await connection.publish(
                            message("\(number)"), exchange: "", routingKey: queue.name, mandatory: true)
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await connection.inspect(queue: queue.name).messages == 1000)
        }
    }

    @Test func aMandatoryMessageWithoutAQueueComesBack() async throws {
        try await withConnection { connection in
            let queue = try await connection.declare(.temporary())
            async let good: Void = connection.publish(
                message("good", id: "good"), exchange: "", routingKey: queue.name, mandatory: true)
            let error = await amqpError {
                try await connection.publish(
                    message("bad", id: "bad"), exchange: "", routingKey: "nobody", mandatory: true)
            }
            #expect(error?.code == .returned)
            #expect(error?.replyCode == 312)
            #expect(error?.message.contains("nobody") == true)
            try await good
            // Not mandatory: dropped, and confirmed.
            try await connection.publish(message("gone"), exchange: "", routingKey: "nobody")
        }
    }

    @Test func aFullQueueRefuses() async throws {
        try await withConnection { connection in
            let queue = try await connection.declare(
                .temporary(arguments: ["x-max-length": 1, "x-overflow": "reject-publish"]))
            try await connection.publish(message("1"), exchange: "", routingKey: queue.name)
            let error = await amqpError {
                try await connection.publish(message("2"), exchange: "", routingKey: queue.name)
            }
            #expect(error?.code == .nacked)
            #expect(error?.isRetriable == true)
        }
    }

    @Test func aMissingExchangeAffectsNothingElse() async throws {
        try await withConnection { connection in
            let queue = try await connection.declare(.temporary())
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<100 {
                    group.addTask {
                        guard number % 10 == 0 else {
                            try await connection.publish(
                                message("\(number)"), exchange: "", routingKey: queue.name)
                            return
                        }
                        let error = await amqpError {
                            try await connection.publish(
                                message("lost"), exchange: "no-such-exchange", routingKey: "k")
                        }
                        #expect(error?.code == .notFound)
                        #expect(error?.message.contains("no-such-exchange") == true)
                    }
                }
                try await group.waitForAll()
            }
            // At least once: what was in flight when the channel closed may have arrived twice.
            #expect(try await connection.inspect(queue: queue.name).messages >= 90)
        }
    }

    @Test func whatIsTooLargeIsRefusedHere() async throws {
        try await withConnection { connection in
            let body = [UInt8](repeating: 0, count: (1 << 20) + 1)
            var error = await amqpError {
                try await connection.publish(Message(body: body), exchange: "", routingKey: "k")
            }
            #expect(error?.code == .tooLarge)
            // A whole MiB passes, also by the broker's limit.
            try await connection.publish(Message(body: body.dropLast()), exchange: "", routingKey: "k")

            var long = message("")
            long.properties.type = String(repeating: "x", count: 256)
            error = await amqpError { try await connection.publish(long, exchange: "", routingKey: "k") }
            #expect(error?.code == .tooLarge)
            var heavy = message("")
            heavy.properties.headers["x"] = .string(String(repeating: "x", count: 20_000))
            error = await amqpError { try await connection.publish(heavy, exchange: "", routingKey: "k") }
            #expect(error?.code == .tooLarge)
        }
    }

    @Test func theBrokersOwnLimitFailsThatMessageOnly() async throws {
        var options = testOptions()
        options.maxBodySize = 4 << 20
        try await withConnection(options) { connection in
            let queue = try await connection.declare(.temporary())
            async let small: Void = connection.publish(message("small"), exchange: "", routingKey: queue.name)
            let error = await amqpError {
                try await connection.publish(
                    Message(body: [UInt8](repeating: 0, count: 2 << 20)), exchange: "",
                    routingKey: queue.name)
            }
            #expect(error?.code == .preconditionFailed)
            try await small
        }
    }

    @Test func aCancelledCallerDoesNotWait() async throws {
        // Never started: nothing will ever be confirmed.
        let connection = Connection(try Endpoint(url: "amqp://127.0.0.1:1"), testOptions())
        let publishing = Task { try await connection.publish(message(""), exchange: "", routingKey: "k") }
        publishing.cancel()
        await #expect(throws: CancellationError.self) { try await publishing.value }
        await connection.close()
        let error = await amqpError {
            try await connection.publish(message(""), exchange: "", routingKey: "k")
        }
        #expect(error?.code == .closed)
    }

    @Test func offersArriveOrAreDropped() async throws {
        try await withConnection { connection in
            let queue = try await connection.declare(.temporary())
            let deliveries = connection.consume(queue: queue.name, prefetch: 100)
            // They are offered much faster than they are sent: the latest arrives, and not all of them.
            for number in 1...10_000 {
                connection.offer(message("\(number)"), key: "progress", exchange: "", routingKey: queue.name)
            }
            // What is not possible right now is forgotten, the last one too: said again, as progress is.
            let again = Task {
                while true {
                    try await Task.sleep(for: .milliseconds(500))
                    connection.offer(
                        message("10000"), key: "progress", exchange: "", routingKey: queue.name)
                }
            }
            var count = 0
            for await delivery in deliveries {
                count += 1
                delivery.ack()
                if delivery.text == "10000" { break }
            }
            #expect(count < 10_000)
            again.cancel()

            let states = connection.states
            connection.offer(message(""), key: "bad", exchange: "no-such-exchange", routingKey: "k")
            let state = try await states.reaches { if case .offerRefused = $0 { true } else { false } }
            guard case .offerRefused(let error) = state else { return }
            #expect(error.code == .notFound)
        }
    }
}

extension Delivery {
    fileprivate var userID: String? { properties.userID }
}

extension MessageProperties {
    /// For comparison without a property that only one of two has.
    fileprivate func description(without label: String) -> [String] {
        Mirror(reflecting: self).children.filter { $0.label != label }.map {
            "\($0.label ?? ""): \($0.value)"
        }
    }
}
