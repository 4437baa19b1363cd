import AMQP
import Support
import Testing

/// Declarations on a real broker.
@Suite struct DeclaringTests {
    @Test func aTopologyIsDeclaredAndDeleted() async throws {
        let name = testOptions().name
        try await withConnection { connection in
            try await connection.declare(ExchangeDefinition("\(name).dead", .fanout))
            try await connection.declare(
                ExchangeDefinition("\(name).tasks", .direct, arguments: ["alternate-exchange": "amq.fanout"]))
            let quorum = QueueDefinition(
                "\(name).q",
                arguments: [
                    "x-queue-type": "quorum", "x-delivery-limit": 20, "x-single-active-consumer": true,
                    "x-dead-letter-exchange": .string("\(name).dead"), "x-overflow": "reject-publish",
                    "x-dead-letter-strategy": "at-least-once",
                ])
            let declared = try await connection.declare(quorum)
            #expect(declared.name == "\(name).q")
            #expect(declared.messages == 0 && declared.consumers == 0)
            // Again, the same: fine.
            try await connection.declare(quorum)

            try await connection.bind(
                queue: "\(name).q", Binding(exchange: "\(name).tasks", routingKey: "h1"))
            try await connection.publish(
                message("1"), exchange: "\(name).tasks", routingKey: "h1", mandatory: true)
            #expect(try await connection.inspect(queue: "\(name).q").messages == 1)
            try await connection.unbind(
                queue: "\(name).q", Binding(exchange: "\(name).tasks", routingKey: "h1"))
            let error = await amqpError {
                try await connection.publish(
                    message("2", id: "2"), exchange: "", routingKey: "\(name).none", mandatory: true)
            }
            #expect(error?.code == .returned)
            try await connection.bind(exchange: "\(name).dead", Binding(exchange: "\(name).tasks"))

            #expect(try await connection.purge(queue: "\(name).q") == 1)
            #expect(try await connection.delete(queue: "\(name).q") == 0)
            #expect(try await connection.delete(queue: "\(name).q") == 0)
            for exchange in ["tasks", "dead"] { try await connection.delete(exchange: "\(name).\(exchange)") }
            #expect(
                await amqpError { try await connection.inspect(exchange: "\(name).dead") }?.code == .notFound)
        }
    }

    @Test func aRefusalHasTheBrokersWordsAndAffectsNothingElse() async throws {
        try await withConnection { connection in
            let queue = QueueDefinition(connection.name, isExclusive: true)
            try await connection.declare(queue)
            var deliveries = connection.consume(queue: queue.name, prefetch: 1).makeAsyncIterator()
            try await connection.publish(message("held"), exchange: "", routingKey: queue.name)
            let held = try #require(await deliveries.next())

            var error = await amqpError { _ = try await connection.inspect(queue: "no-such-queue") }
            #expect(error?.code == .notFound)
            #expect(error?.replyCode == 404)
            #expect(error?.message.contains("no queue 'no-such-queue'") == true)
            error = await amqpError {
                try await connection.declare(
                    QueueDefinition(queue.name, isExclusive: true, arguments: ["x-max-length": 1]))
            }
            #expect(error?.code == .preconditionFailed)
            #expect(error?.replyCode == 406)
            error = await amqpError { try await connection.declare(ExchangeDefinition("amq.mine", .direct)) }
            #expect(error?.code == .accessRefused)
            error = await amqpError { try await connection.delete(queue: queue.name, ifUnused: true) }
            #expect(error?.code == .preconditionFailed)

            #expect(held.ack())
            try await connection.publish(
                message("after"), exchange: "", routingKey: queue.name, mandatory: true)
            #expect(await deliveries.next()?.isRedelivered == false)
        }
    }

    @Test func anExclusiveQueueBelongsToItsConnection() async throws {
        try await withConnection { owner in
            let queue = try await owner.declare(.temporary())
            try await withConnection { other in
                let error = await amqpError { _ = try await other.inspect(queue: queue.name) }
                #expect(error?.code == .preconditionFailed)
                #expect(error?.replyCode == 405)
            }
        }
    }

    @Test func withoutAnAnswerACallEnds() async throws {
        let proxy = try FaultyProxy(to: try await PrivateBroker.shared().port)
        defer { proxy.close() }
        var options = testOptions()
        options.rpcTimeout = .seconds(3)
        try await withConnection("amqp://127.0.0.1:\(proxy.port)", options) { connection in
            try await connection.waitUntilConnected(timeout: .seconds(10))
            proxy.hold(up: true, down: false)
            let error = await amqpError { _ = try await connection.inspect(queue: "q") }
            #expect(error?.code == .timeout)
            // The channel recovers by itself; the late answer is not used for another call.
            proxy.hold(up: false, down: false)
            let later = await amqpError { _ = try await connection.inspect(queue: "q2") }
            #expect(later?.message.contains("q2") == true)
        }
    }
}
