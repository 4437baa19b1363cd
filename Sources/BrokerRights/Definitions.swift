import AMQP
public import BrokerKit

/// A fleet as `rabbitmqctl import_definitions` takes it, from RabbitMQ 3.10 on: the virtual host, accounts with their rights and
/// limits, the bounds of queues, and exchanges, queues and bindings.
///
/// An import adds and changes. What is not in the file it leaves as it is: it deletes nothing, and changes no queue.
public struct Definitions: Encodable {
    private let virtualHost: String
    private let accounts: [(account: Account, password: PasswordHash)]
    private let topology: Topology

    /// In the order of `accounts` and `topology`.
    public init(
        virtualHost: String, accounts: [(account: Account, password: PasswordHash)], topology: Topology
    ) {
        self.virtualHost = virtualHost
        self.accounts = accounts
        self.topology = topology
    }

    private enum CodingKeys: String, CodingKey {
        case users, vhosts, permissions, exchanges, queues, bindings
        case topicPermissions = "topic_permissions"
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode([["name": virtualHost]], forKey: .vhosts)
        try container.encode(accounts.map { User($0.account, $0.password) }, forKey: .users)
        try container.encode(
            accounts.map { Permission($0.account, virtualHost) }, forKey: .permissions)
        try container.encode(
            accounts.map { TopicPermission($0.account, virtualHost) }, forKey: .topicPermissions)
        try container.encode(
            topology.exchanges.map { Exchange($0, virtualHost) }, forKey: .exchanges)
        try container.encode(topology.queues.map { Queue($0, virtualHost) }, forKey: .queues)
        try container.encode(
            topology.bindings.map { Bound($0.queue, $0.binding, virtualHost) }, forKey: .bindings)
        // Beside these, under keys of their own.
        try PolicyDefinitions(virtualHost: virtualHost).encode(to: encoder)
    }

    /// For people to read, and always the same.
    public func json() throws -> String { try definitionsText(self) }
}

private struct User: Encodable {
    let name: String
    let passwordHash: String
    let hashingAlgorithm = PasswordHash.algorithm
    let tags: [String] = []
    let limits: [String: Int]

    init(_ account: Account, _ password: PasswordHash) {
        name = account.name
        passwordHash = password.description
        limits = account.limits.definition
    }

    enum CodingKeys: String, CodingKey {
        case name, tags, limits
        case passwordHash = "password_hash"
        case hashingAlgorithm = "hashing_algorithm"
    }
}

extension Account.Limits {
    /// As the broker calls them.
    var definition: [String: Int] { ["max-connections": connections, "max-channels": channels] }
}

private struct Permission: Encodable {
    let user, vhost, configure, write, read: String

    init(_ account: Account, _ virtualHost: String) {
        (user, vhost) = (account.name, virtualHost)
        (configure, write, read) = (account.rights.configure, account.rights.write, account.rights.read)
    }
}

private struct TopicPermission: Encodable {
    let user, vhost, exchange, write, read: String

    init(_ account: Account, _ virtualHost: String) {
        (user, vhost, exchange) = (account.name, virtualHost, SecurityCheck.topicExchange)
        (write, read) = (account.events.write, account.events.read)
    }
}

private struct Exchange: Encodable {
    let name, vhost, type: String
    let durable, autoDelete, `internal`: Bool
    let arguments: Arguments

    init(_ exchange: ExchangeDefinition, _ virtualHost: String) {
        (name, vhost, type) = (exchange.name, virtualHost, exchange.kind.rawValue)
        (durable, autoDelete, `internal`) = (exchange.isDurable, false, exchange.isInternal)
        arguments = Arguments(fields: exchange.arguments)
    }

    enum CodingKeys: String, CodingKey {
        case name, vhost, type, durable, `internal`, arguments
        case autoDelete = "auto_delete"
    }
}

private struct Queue: Encodable {
    let name, vhost: String
    let durable, autoDelete: Bool
    let arguments: Arguments

    init(_ queue: QueueDefinition, _ virtualHost: String) {
        (name, vhost) = (queue.name, virtualHost)
        (durable, autoDelete) = (queue.isDurable, queue.isAutoDelete)
        arguments = Arguments(fields: queue.arguments)
    }

    enum CodingKeys: String, CodingKey {
        case name, vhost, durable, arguments
        case autoDelete = "auto_delete"
    }
}

private struct Bound: Encodable {
    let source, vhost, destination, routingKey: String
    let destinationType = "queue"
    let arguments: Arguments

    init(_ queue: String, _ binding: Binding, _ virtualHost: String) {
        (source, vhost, destination) = (binding.exchange, virtualHost, queue)
        routingKey = binding.routingKey
        arguments = Arguments(fields: binding.arguments)
    }

    enum CodingKeys: String, CodingKey {
        case source, vhost, destination, arguments
        case destinationType = "destination_type"
        case routingKey = "routing_key"
    }
}

/// Arguments of a declaration: texts, integers and truth values, which are all that a topology has.
private struct Arguments: Encodable {
    let fields: [String: FieldValue]

    private struct Name: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Name.self)
        for (name, value) in fields {
            let key = Name(stringValue: name)
            switch value {
            case .string(let text): try container.encode(text, forKey: key)
            case .integer(let number): try container.encode(number, forKey: key)
            case .bool(let truth): try container.encode(truth, forKey: key)
            default:
                throw EncodingError.invalidValue(
                    value, .init(codingPath: container.codingPath, debugDescription: "no such argument"))
            }
        }
    }
}
