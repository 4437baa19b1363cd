import AMQP
import BrokerKit
import Testing

@Suite("What a connection's states add up to")
struct LinkHealthTests {
    private func health(_ states: [ConnectionState]) -> LinkHealth {
        states.reduce(into: LinkHealth()) { $0.note($1) }
    }

    private static let refused = AMQPError(.unreachable, "refused")
    private static let missing = AMQPError(.notFound, "no queue 'q'")

    @Test(
        arguments: [
            ([], "not connected yet"), ([.connecting], "not connected yet"), ([.connected], nil),
            ([.connected, .blocked(reason: "low on memory")], "it takes no messages: low on memory"),
            ([.connected, .blocked(reason: "low on memory"), .unblocked], nil),
            ([.connected, .disconnected(refused, retryIn: .seconds(1)), .connecting], "refused"),
            ([.disconnected(refused, retryIn: .seconds(1)), .connected], nil),
            ([.connected, .notConsuming(queue: "q", missing, retryIn: .seconds(1))], nil),
        ] as [([ConnectionState], String?)])
    func trouble(states: [ConnectionState], why: String?) {
        #expect(health(states).trouble == why)
    }

    @Test("A queue that is not consumed is known until it is, or the connection is lost")
    func queues() {
        let lost: [ConnectionState] = [
            .connected, .consuming(queue: "p"), .notConsuming(queue: "q", Self.missing, retryIn: .seconds(1)),
        ]
        #expect(health(lost).notConsumed == ["q": Self.missing])
        #expect(health(lost + [.consuming(queue: "q")]).notConsumed == [:])
        #expect(health(lost + [.disconnected(Self.refused, retryIn: .zero)]).notConsumed == [:])
    }
}
