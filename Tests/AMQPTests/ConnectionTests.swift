import AMQP
import Support
import Testing

@Suite struct ConnectionTests {
    @Test func aMessageGoesRound() async throws {
        let broker = try await PrivateBroker.shared()
        let connection = Connection(try Endpoint(url: broker.url), ConnectionOptions(name: "round"))
        connection.start()
        try await connection.waitUntilConnected(timeout: .seconds(10))
        let queue = try await connection.declare(.temporary())
        try await connection.publish(
            Message(body: Array("hello".utf8)), exchange: "", routingKey: queue.name, mandatory: true)
        let deliveries = connection.consume(queue: queue.name, prefetch: 1)
        for await delivery in deliveries {
            #expect(delivery.body == .complete(Array("hello".utf8)))
            #expect(delivery.ack())
            break
        }
        await connection.close()
    }
}
