import AMQP
import BrokerKit
import Contract
import Testing

@testable import Worker

@Suite("Why no task reaches a worker") struct DeafTests {
    private static let missing = AMQPError(.notFound, "no queue")
    private static let inUse = AMQPError(.inUse, "in exclusive use")

    private static func refused(_ queue: String, _ error: AMQPError) -> ConnectionState {
        .notConsuming(queue: queue, error, retryIn: .seconds(1))
    }

    @Test(
        "is said in words, and nothing while they do",
        arguments: [
            ([], "not connected to its queues: not connected yet"), ([.connected], nil),
            (
                [.connected, .consuming(queue: "reflow.control.h5"), .consuming(queue: "reflow.tasks.h5")],
                nil
            ),
            (
                [.connected, .disconnected(AMQPError(.unreachable, "lost"), retryIn: .zero)],
                "not connected to its queues: lost"
            ),
            (
                [.connected, refused("reflow.tasks.h5", missing)],
                "cannot consume the queue 'reflow.tasks.h5': no queue"
            ),
            (
                [.connected, refused("reflow.control.h5", inUse), refused("a", missing)],
                "another worker consumes as host h5"
            ),
            ([.connected, refused("reflow.control.h5", inUse), .consuming(queue: "reflow.control.h5")], nil),
        ] as [([ConnectionState], String?)])
    func words(states: [ConnectionState], deaf: String?) throws {
        let health = states.reduce(into: LinkHealth()) { $0.note($1) }
        #expect(health.deaf(try #require(HostName("h5"))) == deaf)
    }
}
