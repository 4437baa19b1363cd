import AMQP
import BrokerKit
import BrokerRights
import Contract
import Foundation
import Support
import Testing

@testable import Coordinator

@Suite("The bounds of the queues", .timeLimit(.minutes(2))) struct PolicyDefinitionsTests {
    private static let shipped = URL(filePath: #filePath).appending(
        path: "../../../../deploy/rabbitmq/policies.json"
    ).standardized

    @Test(
        "as they are shipped are those of the code: reflow provision --policies > deploy/rabbitmq/policies.json"
    )
    func shippedFile() throws {
        let file = try String(contentsOf: Self.shipped, encoding: .utf8)
        #expect(file == (try PolicyDefinitions(virtualHost: "/").json()) + "\n")
    }

    @Test(
        "cover every queue that we declare but the stream, which has bounds of its own, and each by one policy"
    )
    func everyQueue() throws {
        let host = try #require(HostName("web-1"))
        let queues =
            Topology(hosts: [host]).queues
            + [Topology.telemetryQueue().0, Topology.jobQueue("j", hosts: [host]).0]
        for queue in queues where queue.name != QueueName.history {
            let policies = try Topology.policies.filter {
                try Regex($0.pattern).firstMatch(in: queue.name) != nil
            }
            #expect(policies.count == 1, "\(queue.name): \(policies)")
            // A policy cannot make an argument say something else.
            if let overflow = queue.arguments["x-overflow"]?.stringValue {
                #expect(policies.first?.overflow?.rawValue == overflow, "\(queue.name)")
            }
        }
    }

    @Test(
        "hold at a real broker, on queues that were there before: who is refused is told, telemetry drops the oldest"
    )
    func broker() async throws {
        let broker = try await PrivateBroker()
        let connection = Connection(try Endpoint(url: broker.url), ConnectionOptions(name: "test"))
        connection.start()
        try await connection.waitUntilConnected(timeout: .seconds(30))
        let host = try #require(HostName("web-1"))
        #expect(try await Topology(hosts: [host]).declare(on: connection) == [])
        // The same policies, of which a test can reach the bounds.
        let small = Topology.policies.map { $0.bounded(to: 20_000) }
        let file = try RunFolder.subfolder("policies") + "/policies.json"
        try Data(PolicyDefinitions(virtualHost: "/", small).json().utf8).write(to: URL(filePath: file))
        for _ in 1...2 {
            try await broker.evaluate(
                #"{ok, Json} = file:read_file("\#(file)"), ok = rabbit_definitions:import_raw(Json)."#)
        }
        let body = [UInt8](repeating: 1, count: 1000)
        for (exchange, key, queue) in [
            (ExchangeName.events, "web-1.reflow.slice.finished", QueueName.coordinator),
            (ExchangeName.dead, "", QueueName.dead), (ExchangeName.tasks, "web-1", QueueName.tasks(host)),
        ] {
            var taken = 0
            let refused = await #expect(throws: AMQPError.self, "\(queue)") {
                while taken < 1000 {
                    try await connection.publish(
                        Message(body: body), exchange: exchange, routingKey: key, mandatory: true)
                    taken += 1
                }
            }
            #expect(refused?.code == .nacked, "\(queue)")
            #expect(try await connection.inspect(queue: queue).messages == taken, "\(queue)")
        }
        for _ in 1...100 {
            try await connection.publish(
                Message(body: body), exchange: ExchangeName.unroutable, routingKey: "")
        }
        #expect(try await connection.inspect(queue: QueueName.unroutable).messages <= 20)
        await connection.close()
    }
}
