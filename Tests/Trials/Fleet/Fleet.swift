public import AMQP
public import Support

/// Workers on loop-mounted XFS file systems, a broker, and the coordinator's commands: all the real programs.
public struct Fleet: Sendable {
    /// What connects them: the nodes of one cluster.
    public let nodes: [PrivateBroker]

    /// The first of the nodes.
    public var broker: PrivateBroker { nodes[0] }

    /// A fleet at the broker that all of this process share, or at one of its own.
    public init(broker: PrivateBroker? = nil) async throws {
        if let broker {
            nodes = [broker]
        } else {
            nodes = [try await PrivateBroker.shared()]
        }
    }

    /// A fleet at a cluster of its own with so many nodes.
    public init(nodes count: Int) async throws {
        let first = try await PrivateBroker()
        var nodes = [first]
        while nodes.count < count { nodes.append(try await PrivateBroker(peer: first)) }
        self.nodes = nodes
    }

    /// The environment of every program.
    public var environment: [String: String] {
        let others = nodes.dropFirst().map { ",127.0.0.1:\($0.port)" }.joined()
        return ["REFLOW_AMQP_URL": broker.url + others, "REFLOW_SHARED_USER": "guest"]
    }

    /// Provisions and makes a host called `name` with a file system of its own; its worker is not started.
    public func host(
        _ name: String, mebibytes: Int = 1024, settings: [String: String] = [:]
    ) async throws -> Host {
        let provision = try reflow("provision", "--host", name)
        let end = await provision.wait()
        try Inspection.promise(end == .exited(0), "provision: \(end)\n\(provision.errors)")
        return try Host(
            name: name, disk: try LoopXFS(mebibytes: mebibytes),
            environment: environment.merging(settings) { $1 })
    }

    /// Starts a command of the coordinator's program.
    public func reflow(_ arguments: String...) throws -> Process {
        try Process("reflow", arguments, environment: environment)
    }

    /// A connection of one's own.
    public func connect() async throws -> Connection {
        let connection = Connection(try Endpoint(url: broker.url), ConnectionOptions(name: "test"))
        connection.start()
        try await connection.waitUntilConnected(timeout: .seconds(30))
        return connection
    }
}
