import AMQP
import Contract
import Support
import Testing

@testable import BrokerKit

@Suite("Messages that must arrive", .timeLimit(.minutes(1))) struct RouteProbeTests {
    /// Two ways from an exchange to a queue, of which another queue takes everything, so that nothing comes back.
    private func probing(
        _ work: (Connection, RouteProbe, [RouteProbe.Route]) async throws -> Void
    ) async throws {
        let broker = try await PrivateBroker.shared()
        let connection = Connection(try Endpoint(url: broker.url), ConnectionOptions(name: "probes"))
        connection.start()
        try await connection.waitUntilConnected(timeout: .seconds(30))
        let name = "probe-\(newMessageID())"
        try await connection.declare(ExchangeDefinition(name, .topic))
        for queue in [name, "\(name)-all"] {
            try await connection.declare(QueueDefinition(queue, isDurable: false, isExclusive: true))
        }
        try await connection.bind(queue: "\(name)-all", Binding(exchange: name, routingKey: "#"))
        let routes = ["a", "b"].map { RouteProbe.Route(exchange: name, routingKey: $0, queue: name) }
        for route in routes { try await bind(route, at: connection) }
        let probe = RouteProbe(routes: routes)
        probe.note(.consuming(queue: name))
        try await work(connection, probe, routes)
        try await connection.delete(exchange: name)
        await connection.close()
    }

    private func bind(_ route: RouteProbe.Route, at connection: Connection) async throws {
        try await connection.bind(
            queue: route.queue, Binding(exchange: route.exchange, routingKey: route.routingKey))
    }

    /// Hands over what comes, while `work` runs.
    private func consuming(
        _ connection: Connection, _ probe: RouteProbe, _ queue: String, _ work: () async throws -> Void
    ) async throws {
        let task = Task {
            for await delivery in connection.consume(queue: queue, prefetch: 10) {
                probe.delivered(delivery.properties, of: queue)
                delivery.ack()
                probe.settled(delivery.properties, of: queue)
            }
        }
        defer { task.cancel() }
        try await work()
    }

    @Test("are not missed while their queue still has them")
    func late() async throws {
        try await probing { connection, probe, routes in
            #expect(await probe.missing(on: connection, without: []) == [])
            try await connection.delete(queue: routes[0].queue)
            #expect(await probe.missing(on: connection, without: []) == [], "nobody can be asked")
            try await connection.declare(
                QueueDefinition(routes[0].queue, isDurable: false, isExclusive: true))
            #expect(await probe.missing(on: connection, without: []) == [routes[0].part])
        }
    }

    @Test("are not missed while somebody has yet to settle what came before them")
    func busy() async throws {
        try await probing { connection, probe, routes in
            for route in routes {
                try await connection.unbind(
                    queue: route.queue, Binding(exchange: route.exchange, routingKey: route.routingKey))
            }
            probe.delivered(MessageProperties(), of: routes[0].queue)
            #expect(await probe.missing(on: connection, without: []) == [])
            probe.settled(MessageProperties(), of: routes[0].queue)
            #expect(await probe.missing(on: connection, without: []) == [routes[0].part])
            for route in routes { try await bind(route, at: connection) }
            try await consuming(connection, probe, routes[0].queue) {
                while await !probe.missing(on: connection, without: []).isEmpty {
                    try await Task.sleep(for: .milliseconds(10))
                }
            }
        }
    }

    @Test("nor while the queue is not consumed, or its exchange is known to be missing")
    func notConsumed() async throws {
        try await probing { connection, probe, routes in
            #expect(await probe.missing(on: connection, without: [routes[0].exchange]) == [])
            probe.note(.notConsuming(queue: routes[0].queue, AMQPError(.cancelled, ""), retryIn: .zero))
            #expect(await probe.missing(on: connection, without: []) == [])
        }
    }

    @Test("a way that is gone is found beside one on which messages come, and beside others")
    func overtaken() async throws {
        try await probing { connection, probe, routes in
            try await consuming(connection, probe, routes[0].queue) {
                #expect(await probe.missing(on: connection, without: []) == [])
                for route in routes {
                    try await connection.unbind(
                        queue: route.queue, Binding(exchange: route.exchange, routingKey: route.routingKey))
                    // So the queue never looks empty.
                    probe.delivered(MessageProperties(), of: route.queue)
                    var looks = 1
                    while await probe.missing(on: connection, without: []) != [route.part] { looks += 1 }
                    #expect(looks <= 2)
                    probe.settled(MessageProperties(), of: route.queue)
                    try await bind(route, at: connection)
                    while await !probe.missing(on: connection, without: []).isEmpty {
                        try await Task.sleep(for: .milliseconds(10))
                    }
                }
            }
        }
    }

    @Test("what nobody may publish is told")
    func refused() async throws {
        let broker = try await PrivateBroker.shared()
        try await broker.setUser("mute", password: "p", mayUseDefaultVirtualHost: false)
        try await broker.evaluate(
            #"rabbit_auth_backend_internal:set_permissions(<<"mute">>, <<"/">>, <<".*">>, <<"^$">>, <<".*">>, <<"t">>)."#
        )
        let connection = Connection(
            try Endpoint(url: broker.url(user: "mute", password: "p")), ConnectionOptions(name: "mute"))
        connection.start()
        try await connection.waitUntilConnected(timeout: .seconds(30))
        let probe = RouteProbe(routes: [.init(exchange: "amq.topic", routingKey: "a", queue: "q")])
        probe.note(.consuming(queue: "q"))
        #expect(await probe.missing(on: connection, without: []) == [])
        #expect(probe.refused.map(\.part) == [.exchange("amq.topic")])
        await connection.close()
    }
}
