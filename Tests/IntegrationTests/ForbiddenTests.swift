@testable import AMQP
import BrokerRights
import Contract
import Testing

@Suite("What provisioned accounts may not do", .timeLimit(.minutes(4))) struct ForbiddenTests {
    /// Something that an account tries.
    enum Attempt: Hashable, Sendable {
        case publish(String, key: String)
        case consume(String)
        case purge(String)
        case declareQueue(String)
        case deleteQueue(String)
        case declareExchange(String)
        case deleteExchange(String)
        case bind(String, to: String, key: String)
        /// Publishing where it may, under another's name.
        case forge(String, key: String, as: String)
    }

    private static let host = HostName("alpha").map(Account.Role.host)

    /// Of everybody but provisioning.
    private static let common: [Attempt] = [
        .publish("", key: "reflow.tasks.beta"), .publish("", key: "reflow.coordinator"),
        .publish("amq.topic", key: "x"), .publish("reflow.events", key: "beta.reflow.slice.finished"),
        .consume("reflow.tasks.beta"), .consume("reflow.control.beta"), .purge("reflow.tasks.beta"),
        .declareQueue("reflow.tasks.gamma"), .declareQueue("mine"), .declareExchange("mine"),
        .deleteQueue("reflow.tasks.beta"), .deleteQueue("reflow.control.alpha"),
        .bind("reflow.tasks.beta", to: "amq.topic", key: "#"),
    ]

    private static let ofHost: [Attempt] = [
        .publish("reflow.tasks", key: "beta"), .publish("reflow.tasks", key: "alpha"),
        .publish("reflow.control", key: "beta"), .publish("reflow.control", key: "alpha"),
        .publish("reflow.control.all", key: ""), .publish("reflow.unroutable", key: ""),
        .publish("reflow.events", key: "_probe.reflow.slice.probe"),
        .publish("reflow.events", key: "alpha.x"), .consume("reflow.coordinator"),
        .consume("reflow.dead"), .consume("reflow.history"), .consume("reflow.unroutable"),
        .declareQueue("reflow.job.x"), .declareExchange("reflow.probe"),
        .deleteQueue("reflow.tasks.alpha"), .deleteExchange("reflow.events"),
        .bind("reflow.tasks.alpha", to: "reflow.events", key: "#"),
        .forge("reflow.events", key: "alpha.reflow.host.state", as: "reflow-beta"),
        .forge("reflow.events", key: "alpha.reflow.host.state", as: "reflow.coordinator"),
    ]

    private static let ofCoordinator: [Attempt] = [
        .publish("reflow.events", key: "alpha.reflow.host.state"), .consume("reflow.tasks.alpha"),
        .consume("reflow.history"), .declareQueue("reflow.coordinator2"),
        .declareQueue("reflow.job.x"), .deleteQueue("reflow.tasks.alpha"),
        .forge("reflow.tasks", key: "alpha", as: "reflow.job"),
    ]

    private static let ofJob: [Attempt] = [
        .publish("reflow.events", key: "alpha.reflow.slice.finished"),
        .publish("reflow.dead", key: ""), .publish("reflow.unroutable", key: ""),
        .consume("reflow.coordinator"), .consume("reflow.history"), .purge("reflow.coordinator"),
        .declareExchange("reflow.tasks"), .deleteQueue("reflow.coordinator"),
        .deleteExchange("reflow.events"), .declareQueue("reflow.coordinator.lease"),
        .bind("reflow.tasks.alpha", to: "reflow.tasks", key: "beta"),
        .forge("reflow.tasks", key: "alpha", as: "reflow.coordinator"),
    ]

    private static let ofWatch: [Attempt] = [
        .publish("reflow.tasks", key: "alpha"), .publish("reflow.control", key: "alpha"),
        .publish("reflow.control.all", key: ""), .publish("reflow.dead", key: ""),
        .publish("reflow.events", key: "alpha.reflow.host.state"), .consume("reflow.coordinator"),
        .consume("reflow.dead"), .consume("reflow.unroutable"), .purge("reflow.coordinator"),
        .declareQueue("reflow.job.x"), .deleteQueue("reflow.history"),
        .declareQueue("reflow.coordinator.chatter.x"),
        .bind("reflow.tasks.alpha", to: "reflow.events", key: "#"),
    ]

    private static let ofProvision: [Attempt] = [
        .publish("reflow.events", key: "alpha.reflow.slice.finished"),
        .publish("", key: "reflow.tasks.alpha"), .declareQueue("mine"), .declareExchange("mine"),
        .bind("reflow.tasks.alpha", to: "amq.topic", key: "#"),
    ]

    private static let attempts: [(role: Account.Role, attempts: Set<Attempt>)] =
        (host.map { [($0, Set(ofHost + common))] } ?? []) + [
            (.coordinator, Set(ofCoordinator + common)), (.job, Set(ofJob + common)),
            (.watch, Set(ofWatch + common)), (.provision, Set(ofProvision)),
        ]

    @Test("each of dozens of attempts as each account is refused by the broker")
    func refused() async throws {
        let provisioned = try await ProvisionedBroker(hosts: ["alpha", "beta"])
        for (role, attempts) in Self.attempts {
            for attempt in attempts {
                // Each on a connection of its own, as a refusal is the channel's end.
                let code = try await provisioned.connected(as: role) { await outcome(of: attempt, on: $0) }
                let wanted: AMQPError.Code =
                    if case .forge = attempt { .preconditionFailed } else { .accessRefused }
                #expect(code == wanted, "\(role): \(attempt)")
            }
        }
    }

    @Test("no account is let into another virtual host, nor more often than its limit")
    func logins() async throws {
        let provisioned = try await ProvisionedBroker(hosts: ["alpha"])
        let roles = Account.shared.map(\.role) + (Self.host.map { [$0] } ?? [])
        for role in roles {
            var endpoint = try provisioned.endpoint(of: role)
            endpoint.vhost = "/"
            let connection = Connection(endpoint, ConnectionOptions(name: "elsewhere"))
            connection.start()
            let error = await #expect(throws: AMQPError.self, "\(role)") {
                try await connection.waitUntilConnected(timeout: .seconds(20))
            }
            #expect(error?.code == .accessRefused)
            await connection.close()
        }
        let host = try #require(Self.host)
        var connections: [Connection] = []
        for number in 1...5 {
            let connection = Connection(
                try provisioned.endpoint(of: host), ConnectionOptions(name: "\(number)"))
            connection.start()
            connections.append(connection)
            if number < 5 {
                try await connection.waitUntilConnected(timeout: .seconds(20))
            } else {
                await #expect(throws: AMQPError.self) {
                    try await connection.waitUntilConnected(timeout: .seconds(2))
                }
            }
        }
        for connection in connections { await connection.close() }
    }

    /// What the broker says to an attempt; `nil` where it lets it pass.
    private func outcome(of attempt: Attempt, on connection: Connection) async -> AMQPError.Code? {
        do {
            switch attempt {
            case .publish(let exchange, let key):
                try await connection.publish(Message(body: [1]), exchange: exchange, routingKey: key)
            case .consume(let queue):
                let states = connection.states
                let deliveries = connection.consume(queue: queue, prefetch: 1)
                defer { withExtendedLifetime(deliveries) {} }
                for await state in states {
                    if case .notConsuming(_, let error, _) = state { return error.code }
                    if case .consuming = state { return nil }
                }
            case .purge(let queue): try await connection.purge(queue: queue)
            case .declareQueue(let name): try await connection.declare(QueueDefinition(name))
            case .deleteQueue(let name): try await connection.delete(queue: name)
            case .declareExchange(let name): try await connection.declare(ExchangeDefinition(name, .fanout))
            case .deleteExchange(let name): try await connection.delete(exchange: name)
            case .bind(let queue, let exchange, let key):
                try await connection.bind(queue: queue, Binding(exchange: exchange, routingKey: key))
            case .forge(let exchange, let key, let user):
                var message = Message(body: [1])
                message.properties.userID = user
                let publication = Publication(
                    message: message, exchange: exchange, routingKey: key, isMandatory: false)
                _ = try await connection.core.outcome(of: .publish(publication))
            }
            return nil
        } catch {
            return (error as? AMQPError)?.code ?? .protocol
        }
    }
}
