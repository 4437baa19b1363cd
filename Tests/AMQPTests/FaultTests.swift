import Support
import Testing

@testable import AMQP

/// Failing networks and brokers.
@Suite struct FaultTests {
    @Test func heartbeatsKeepAnIdleConnectionUp() async throws {
        let proxy = try FaultyProxy(to: try await PrivateBroker.shared().port)
        defer { proxy.close() }
        var options = testOptions()
        options.heartbeat = .seconds(1)
        try await withConnection("amqp://127.0.0.1:\(proxy.port)", options) { connection in
            try await connection.waitUntilConnected(timeout: .seconds(20))
            let states = connection.states
            // The broker drops a client after two silent intervals, and we drop the broker. No call is made meanwhile.
            let watch = Task { await states.first { $0 != .connected } }
            try await Task.sleep(for: .seconds(4))
            watch.cancel()
            #expect(await watch.value == nil)
            #expect(proxy.accepted == 1)
            #expect(.now - connection.lastTurn < .seconds(10))
        }
    }

    /// However much the prefetch allows. And a broker that is not listened to is not silent.
    @Test func whatNobodyReadsStaysWithTheBroker() async throws {
        var options = testOptions()
        options.heartbeat = .seconds(1)
        options.maxUnread = 1 << 20
        let size = 600_000
        try await withConnection(options) { connection in
            let queue = try await connection.declare(.temporary())
            let states = connection.states
            let watch = Task { await states.first { if case .disconnected = $0 { true } else { false } } }
            // Published over another: what shares the connection waits too.
            try await withConnection { publisher in
                let body = Message(body: [UInt8](repeating: 7, count: size))
                for _ in 0..<40 { try await publisher.publish(body, exchange: "", routingKey: queue.name) }
            }
            let deliveries = connection.consume(queue: queue.name, prefetch: 100)
            try await Task.sleep(for: .seconds(5))
            #expect((options.maxUnread...options.maxUnread + size).contains(connection.core.unread.now))
            var taken = 0
            for await delivery in deliveries {
                guard case .complete(let body) = delivery.body else { break }
                #expect(body.count == size)
                #expect(delivery.ack())
                taken += 1
                if taken == 40 { break }
            }
            #expect(taken == 40)
            #expect(connection.core.unread.now == 0)
            watch.cancel()
            #expect(await watch.value == nil)
        }
    }

    @Test(arguments: [true, false])
    func aSilentPeerIsGivenUp(isPublishing: Bool) async throws {
        let proxy = try FaultyProxy(to: try await PrivateBroker.shared().port)
        defer { proxy.close() }
        var options = testOptions()
        options.heartbeat = .seconds(1)
        try await withConnection("amqp://127.0.0.1:\(proxy.port)", options) { connection in
            try await connection.waitUntilConnected(timeout: .seconds(20))
            let states = connection.states
            proxy.hold(up: true, down: true)
            let start = ContinuousClock.now
            let publishing = Task {
                if isPublishing {
                    try await connection.publish(message("patient"), exchange: "", routingKey: "nobody")
                }
            }
            let state = try await states.reaches { if case .disconnected = $0 { true } else { false } }
            #expect(.now - start < .seconds(15))
            guard case .disconnected(let error, _) = state else { return }
            #expect(error.code == .unreachable)
            #expect(error.message.contains("silent"))
            proxy.hold(up: false, down: false)
            try await publishing.value
        }
    }

    /// The peer sends heartbeats, and reads nothing: a library that waits until it can write would wait for ever.
    @Test func aPeerThatReadsNothingIsGivenUp() async throws {
        let proxy = try FaultyProxy(to: try await PrivateBroker.shared().port)
        defer { proxy.close() }
        var options = testOptions()
        options.heartbeat = .seconds(1)
        try await withConnection("amqp://127.0.0.1:\(proxy.port)", options) { connection in
            try await connection.waitUntilConnected(timeout: .seconds(20))
            let states = connection.states
            proxy.hold(up: true, down: false)
            let publishing = Task {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<8 {
                        group.addTask {
                            try await connection.publish(
                                Message(body: [UInt8](repeating: 0, count: 1 << 20)), exchange: "",
                                routingKey: "nobody")
                        }
                    }
                    try await group.waitForAll()
                }
            }
            let state = try await states.reaches { if case .disconnected = $0 { true } else { false } }
            guard case .disconnected(let error, _) = state else { return }
            #expect(error.code == .unreachable)
            // The thread was never blocked meanwhile.
            #expect(.now - connection.lastTurn < .seconds(1))
            proxy.hold(up: false, down: false)
            try await publishing.value
        }
    }

    @Test func unconfirmedMessagesSurviveTheirConnection() async throws {
        let broker = try await PrivateBroker.shared()
        let proxy = try FaultyProxy(to: broker.port)
        defer { proxy.close() }
        let name = testOptions().name
        try await withConnection { observer in
            try await observer.declare(QueueDefinition(name))
            try await withConnection("amqp://127.0.0.1:\(proxy.port)") { connection in
                try await connection.waitUntilConnected(timeout: .seconds(20))
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for number in 0..<500 {
                        group.addTask {
                            try await connection.publish(
                                message("\(number)"), exchange: "", routingKey: name, mandatory: true)
                        }
                    }
                    for _ in 0..<5 {
                        try await Task.sleep(for: .milliseconds(5))
                        proxy.cut()
                    }
                    try await group.waitForAll()
                }
                #expect(proxy.accepted > 1)
            }
            var missing = Set((0..<500).map(String.init))
            for await delivery in observer.consume(queue: name, prefetch: 100) {
                missing.remove(delivery.text)
                delivery.ack()
                if missing.isEmpty { break }
            }
            try await observer.delete(queue: name)
        }
    }

    @Test func aDeliveryOfALostConnectionIsRedelivered() async throws {
        let broker = try await PrivateBroker.shared()
        let name = testOptions().name
        try await withConnection { connection in
            try await connection.declare(QueueDefinition(name))
            try await connection.publish(message("work"), exchange: "", routingKey: name)
            var deliveries = connection.consume(queue: name, prefetch: 5).makeAsyncIterator()
            let first = try #require(await deliveries.next())
            let states = connection.states
            try await broker.closeConnections(named: connection.name)
            let state = try await states.reaches { if case .disconnected = $0 { true } else { false } }
            if case .disconnected(let error, _) = state {
                #expect(error.code == .unreachable)
                #expect(error.message.contains("closed by the test"))
            }
            #expect(!first.ack())
            let second = try #require(await deliveries.next())
            #expect(second.text == "work" && second.isRedelivered)
            #expect(!first.ack())
            #expect(second.ack())
            #expect(try await connection.inspect(queue: name).messages == 0)
            try await connection.delete(queue: name)
        }
    }

    @Test func closingIsBounded() async throws {
        let proxy = try FaultyProxy(to: try await PrivateBroker.shared().port)
        defer { proxy.close() }
        let connection = Connection(try Endpoint(url: "amqp://127.0.0.1:\(proxy.port)"), testOptions())
        connection.start()
        try await connection.waitUntilConnected(timeout: .seconds(20))
        proxy.hold(up: true, down: true)
        let publishing = Task {
            try await connection.publish(message(""), exchange: "", routingKey: "nobody")
        }
        await Task.yield()
        let start = ContinuousClock.now
        await connection.close(within: .milliseconds(300))
        #expect(.now - start < .seconds(5))
        #expect(await amqpError { try await publishing.value }?.code == .closed)
    }

    @Test func closingWaitsForConfirmsAndIsOrderly() async throws {
        let name = testOptions().name
        try await withConnection { observer in
            try await observer.declare(QueueDefinition(name, arguments: ["x-queue-type": "quorum"]))
            let connection = Connection(observer.endpoint, testOptions())
            connection.start()
            try await connection.waitUntilConnected(timeout: .seconds(20))
            let states = connection.states
            let publishing = (0..<50).map { number in
                Task { try await connection.publish(message("\(number)"), exchange: "", routingKey: name) }
            }
            // All have been sent once one is confirmed.
            try await publishing[0].value
            await connection.close()
            var confirmed: UInt32 = 0
            for task in publishing where (try? await task.value) != nil { confirmed += 1 }
            #expect(try await observer.inspect(queue: name).messages >= confirmed)
            #expect(await states.reduce(into: []) { $0.append($1) }.last == .closed)
            try await observer.delete(queue: name)
        }
    }

    @Test func releasingItClosesIt() async throws {
        var connection: Connection? = Connection(
            try Endpoint(url: try await PrivateBroker.shared().url), testOptions())
        connection?.start()
        try await connection?.waitUntilConnected(timeout: .seconds(20))
        let states = try #require(connection?.states)
        connection = nil
        _ = try await states.reaches { $0 == .closed }
    }
}
