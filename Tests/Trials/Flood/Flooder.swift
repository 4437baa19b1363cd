import AMQP
import Contract
import Support
import Synchronization

/// A host's own account, with the rights of a host and no more, that publishes at a bounded rate.
final class Flooder: Sendable {
    /// What the broker says to it.
    struct Sent: Sendable {
        var confirmed = 0
        /// Not taken: a queue was full.
        var nacked = 0
        /// Too large for the broker.
        var refused = 0
    }

    private let connection: Connection
    private let sent = Mutex(Sent())
    /// Messages a second.
    private let rate: Int

    init(_ broker: PrivateBroker, as host: HostName, rate: Int) async throws {
        let user = "reflow-\(host)"
        try await broker.setUser(user, password: "odd", mayUseDefaultVirtualHost: false)
        try await broker.evaluate(
            """
            rabbit_auth_backend_internal:set_permissions(<<"\(user)">>, <<"/">>, <<"^$">>, \
            <<"^reflow[.](events|dead)$">>, <<"^reflow[.](tasks|control)[.]\(host)$">>, <<"test">>), \
            rabbit_auth_backend_internal:set_topic_permissions(<<"\(user)">>, <<"/">>, <<"reflow.events">>, \
            <<"^\(host)[.]">>, <<"^$">>, <<"test">>).
            """)
        var options = ConnectionOptions(name: "flood")
        options.maxBodySize = 4 << 20
        connection = Connection(try Endpoint(url: broker.url(user: user, password: "odd")), options)
        connection.start()
        try await connection.waitUntilConnected(timeout: .seconds(30))
        self.rate = rate
    }

    /// What became of all that was sent.
    var account: Sent { sent.withLock(\.self) }

    /// Publishes the messages of `numbers`, evenly over time; returns when the broker has answered all of them.
    func send(_ numbers: Range<Int>, _ message: @Sendable (Int) -> FloodMessage) async throws {
        let start = ContinuousClock.now
        // In bursts of a tenth of a second.
        let burst = max(1, rate / 10)
        for first in stride(from: numbers.lowerBound, to: numbers.upperBound, by: burst) {
            let due = start + .milliseconds((first - numbers.lowerBound) * 1000 / rate)
            try await Task.sleep(until: due, clock: .continuous)
            try await withThrowingTaskGroup { group in
                for number in first..<min(first + burst, numbers.upperBound) {
                    let flood = message(number)
                    group.addTask { try await self.publish(flood) }
                }
                try await group.waitForAll()
            }
        }
    }

    private func publish(_ flood: FloodMessage) async throws {
        do {
            try await connection.publish(
                flood.message, exchange: flood.exchange, routingKey: flood.routingKey)
            sent.withLock { $0.confirmed += 1 }
        } catch let error as AMQPError where error.code == .nacked {
            sent.withLock { $0.nacked += 1 }
        } catch let error as AMQPError where error.code == .preconditionFailed {
            sent.withLock { $0.refused += 1 }
        }
    }

    func close() async { await connection.close() }
}
