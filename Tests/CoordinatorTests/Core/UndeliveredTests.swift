import AMQP
import BrokerKit
import Contract
import Support
import Synchronization
import Testing

@testable import Coordinator

@Suite("What found no queue, at a real broker", .timeLimit(.minutes(2))) struct UndeliveredTests {
    @Test("without the lease, nothing that found no queue is seen to")
    func undelivered() async throws {
        let broker = try await PrivateBroker.shared()
        let connection = Connection(try Endpoint(url: broker.url), ConnectionOptions(name: "sees to"))
        let states = connection.states
        connection.start()
        try await connection.waitUntilConnected(timeout: .seconds(30))
        for host in ["d", "e"].map(named) {
            _ = try await Topology(hosts: [host]).declare(on: connection)
            try await connection.unbind(
                queue: QueueName.tasks(host), Binding(exchange: ExchangeName.tasks, routingKey: "\(host)"))
        }
        let returned = connection.consume(
            declaring: .temporary("returned"), bindings: [Binding(exchange: ExchangeName.unroutable)],
            prefetch: 10)
        for await state in states where state == .consuming(queue: "returned") { break }
        // It has the lease from the second message on.
        let asked = Mutex(0)
        let mailbox = Mailbox<CoreInput>()
        let undelivered = Undelivered(connection: connection, mailbox: mailbox) {
            asked.withLock { asked in
                asked += 1
                return asked > 1
            }
        }
        let seeing = Task { await undelivered.run() }
        defer { seeing.cancel() }
        for host in ["d", "e"] {
            var task = AMQP.Message(body: [1])
            task.properties.messageID = host
            try await connection.publish(task, exchange: ExchangeName.tasks, routingKey: host)
        }
        var left = 2
        for await delivery in returned {
            undelivered.add(delivery)
            delivery.ack()
            left -= 1
            if left == 0 { break }
        }
        guard case .lost(_, let host, _)? = await mailbox.next(most: 1)?.first else {
            Issue.record("it is told")
            return
        }
        #expect(host == named("e"))
        #expect(try await connection.inspect(queue: "reflow.tasks.d").messages == 0)
        #expect(try await connection.inspect(queue: "reflow.tasks.e").messages == 1)
        await connection.close()
    }
}
