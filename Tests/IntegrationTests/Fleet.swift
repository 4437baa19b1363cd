import AMQP
import Contract
import DefragTypes
import Glibc
import Support
import Testing
import XFS

/// Workers on loop-mounted XFS file systems, a broker, and the coordinator's commands: all the real programs.
struct Fleet {
    let broker: PrivateBroker

    /// A fleet at the broker that the tests of this process share, or at one of its own.
    init(broker: PrivateBroker? = nil) async throws {
        if let broker {
            self.broker = broker
        } else {
            self.broker = try await PrivateBroker.shared()
        }
    }

    /// The environment of every program.
    var environment: [String: String] {
        ["REFLOW_AMQP_URL": broker.url, "REFLOW_SHARED_USER": "guest"]
    }

    /// Provisions and makes a host called `name` with a file system of its own; its worker is not started.
    func host(_ name: String, mebibytes: Int = 1024) async throws -> Host {
        let host = Host(name: name, disk: try LoopXFS(mebibytes: mebibytes), environment: environment)
        let end = try await reflow("provision", "--host", name).wait()
        #expect(end == .exited(0))
        return host
    }

    /// Starts a command of the coordinator's program.
    func reflow(_ arguments: String...) throws -> Process {
        try Process("reflow", arguments, environment: environment)
    }

    /// A connection of the test's own.
    func connect() async throws -> Connection {
        let connection = Connection(try Endpoint(url: broker.url), ConnectionOptions(name: "test"))
        connection.start()
        try await connection.waitUntilConnected(timeout: .seconds(30))
        return connection
    }
}

/// One host of a fleet.
final class Host {
    let name: String
    let disk: LoopXFS
    private let environment: [String: String]
    private(set) var worker: Process?

    init(name: String, disk: LoopXFS, environment: [String: String]) {
        self.name = name
        self.disk = disk
        self.environment = environment
    }

    /// Starts its worker.
    @discardableResult
    func start(_ more: [String: String] = [:]) throws -> Process {
        let settings = ["REFLOW_HOST": name, "REFLOW_ROOTS": disk.path, "REFLOW_STATE_INTERVAL": "1s"]
        let worker = try Process(
            "reflow-worker", ["serve"],
            environment: environment.merging(settings) { $1 }.merging(more) { $1 })
        self.worker = worker
        return worker
    }

    /// Makes a file of `mebibytes` MiB in some thousand extents.
    func makeImage(_ name: String = "vm.img", mebibytes: Int64 = 64) throws -> String {
        let path = disk.file(name)
        try Fragmenter.scatter(path, size: mebibytes << 20)
        return path
    }
}

/// What a fleet says, from the moment the tap is opened.
struct EventTap {
    private let connection: Connection
    private let deliveries: Deliveries

    /// Taps what `host` says.
    init(_ fleet: Fleet, host: String) async throws {
        connection = try await fleet.connect()
        deliveries = connection.consume(
            declaring: .temporary("test.tap.\(newMessageID())"),
            bindings: [Binding(exchange: ExchangeName.events, routingKey: "\(host).#")], prefetch: 100)
        for await state in connection.states {
            if case .consuming = state { break }
        }
    }

    /// The next event that `choose` makes something of.
    func first<Chosen>(_ choose: (HostEvent) -> Chosen?) async throws -> Chosen {
        for await delivery in deliveries {
            delivery.ack()
            guard case .complete(let bytes) = delivery.body else { continue }
            if let chosen = choose(try Contract.Message<HostEvent>(json: bytes).body) { return chosen }
        }
        throw Tool.Failure(description: "the broker went away before the event came")
    }

    /// Waits until a slice has laid something, and still runs.
    func sliceIsRunning() async throws {
        let isRunning: Bool = try await first { event in
            switch event {
            case .progress(let progress): progress.running.contains { $0.rewritten > 0 } ? true : nil
            case .sliceFinished(let answer): answer.result.status == .done ? false : nil
            default: nil
            }
        }
        try #require(isRunning, "the job was done before it could be disturbed: make it longer")
    }

    /// Waits until the host says that `condition` holds.
    func state(where condition: (HostState) -> Bool) async throws -> HostState {
        try await first { event in
            if case .hostState(let state) = event, condition(state) { state } else { nil }
        }
    }

    func close() async { await connection.close() }
}

/// Number of extents of the file at `path`, as the device sees them.
func extents(of path: String) throws -> Int {
    let file = try Location(path: path).open(.readOnly)
    var merger = ExtentMerger(rule: .neighbours)
    var count = 0
    try file.readMap { record in
        if merger.add(record) != nil { count += 1 }
        return true
    }
    return merger.finish() == nil ? count : count + 1
}
