import Glibc
import JSON
public import Support
import Synchronization

/// `reflow serve` with a database and a socket of its own, and the operator who talks to it.
public final class Coordinator: Sendable {
    /// Of every command.
    public let environment: [String: String]
    /// Its broker goes with it.
    private let fleet: Fleet
    private let current = Mutex<Process?>(nil)
    /// Where its database lies, if that is to be frozen.
    private let disk: LoopXFS?

    /// A coordinator of `fleet`, not started; its database lies on `disk`, if there is one.
    public init(_ fleet: Fleet, on disk: LoopXFS? = nil) throws {
        self.fleet = fleet
        self.disk = disk
        let folder = try RunFolder.subfolder("coordinator")
        environment = fleet.environment.merging([
            "REFLOW_DATABASE": "\(disk?.path ?? folder)/reflow.db", "REFLOW_SOCKET": "\(folder)/reflow.sock",
            "REFLOW_URL": "unix:\(folder)/reflow.sock", "REFLOW_LOST_AFTER": "25s",
        ]) { $1 }
    }

    /// Starts it, and waits until it answers.
    public func start() async throws {
        let process = try Process("reflow", ["serve"], environment: environment)
        current.withLock { $0 = process }
        while try await ask("hosts").end != .exited(0) {
            try Inspection.promise(process.isRunning, "reflow serve has ended:\n\(process.errors)")
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// Waits until it has heard all of `hosts`.
    public func waitUntilHeard(_ hosts: [Host]) async throws { try await waitUntilHeard(hosts.map(\.name)) }

    /// Waits until it has heard all hosts of these names.
    func waitUntilHeard(_ names: [String]) async throws {
        let wanted = Set(names)
        var heard: Set<String> = []
        while !wanted.isSubset(of: heard) {
            let known = try lines(HostStatus.self, await tell("hosts", "--output", "json"))
            heard = Set(known.filter { $0.lastHeard != nil }.map(\.name))
        }
    }

    /// Whether it has not ended.
    var isRunning: Bool { current.withLock(\.self)?.isRunning ?? false }

    /// What it has logged since its last start.
    var log: String { current.withLock(\.self)?.errors ?? "" }

    /// The most memory that it has had resident since its last start, in MiB.
    func peakMemory() throws -> Int {
        guard let process = current.withLock(\.self) else { return 0 }
        let line = try Tool.run("grep", "VmHWM", "/proc/\(process.pid)/status")
        return (Int(line.filter(\.isNumber)) ?? 0) / 1024
    }

    /// What its database takes on disk, in MiB.
    func databaseSize() throws -> Int {
        let path = environment["REFLOW_DATABASE"] ?? ""
        let sizes = try Tool.run("sh", "-c", "du -ckm \(path)* | tail -n 1")
        return Int(sizes.prefix { $0.isNumber }) ?? 0
    }

    /// Ends it as a power cut would.
    public func kill() async throws {
        try await end(by: SIGKILL, as: .killed(SIGKILL))
    }

    /// Freezes the disk with its database for so long.
    func freeze(for duration: Duration) async throws {
        guard let disk else { return }
        try Tool.run("xfs_freeze", "-f", disk.path)
        defer { _ = try? Tool.run("xfs_freeze", "-u", disk.path) }
        try await Task.sleep(for: duration)
    }

    /// Ends it as systemd would.
    public func stop() async throws {
        try await end(by: SIGTERM, as: .exited(0))
    }

    private func end(by signal: Int32, as wanted: Process.End) async throws {
        guard let process = current.withLock(\.self) else { return }
        process.send(signal)
        let end = await process.wait()
        try Inspection.promise(end == wanted, "reflow serve: \(end)\n\(process.errors)")
    }

    // MARK: - The operator

    /// How a command has ended, and what it has printed.
    public struct Answer: Sendable {
        public let end: Process.End
        public let output: String
        public let errors: String
    }

    /// Runs a command of the operator's to its end.
    public func ask(_ arguments: String...) async throws -> Answer { try await ask(arguments) }

    func ask(_ arguments: [String]) async throws -> Answer {
        let command = try Process("reflow", arguments, environment: environment)
        let end = await command.wait()
        return Answer(end: end, output: command.output, errors: command.errors)
    }

    /// Starts a command that takes long.
    public func begin(_ arguments: String...) throws -> Process {
        try Process("reflow", arguments, environment: environment)
    }

    /// Runs a command that has to succeed, and returns what it has printed. It is repeated while the coordinator stands still, with
    /// its disk or on a machine that is busy, and says that nothing was done.
    ///
    /// - Throws: ``Violation`` with what it says unless its exit status is 0.
    @discardableResult
    public func tell(_ arguments: String...) async throws -> String { try await tell(arguments) }

    @discardableResult
    func tell(_ arguments: [String]) async throws -> String {
        var answer = try await ask(arguments)
        while answer.end == .exited(69),
            answer.errors.contains(": see what that disk is at, and ask again")
                || answer.errors.contains(": ask again in a while")
        {
            try await Task.sleep(for: .milliseconds(200))
            answer = try await ask(arguments)
        }
        let command = arguments.joined(separator: " ")
        try Inspection.promise(answer.end == .exited(0), "reflow \(command): \(answer.end)\n\(answer.errors)")
        return answer.output
    }

    /// Starts a rollout with `specification`, and returns its id.
    public func startRollout(_ specification: String) async throws -> String {
        let path = try RunFolder.subfolder("spec") + "/spec.yaml"
        try Tool.run("sh", "-c", "printf '%s\n' \"$1\" > \"$2\"", "sh", specification, path)
        let started = try await tell("rollout", "start", path, "--output", "json")
        return try JSONDecoder().decode(RolloutStatus.self, from: started).id
    }

    /// How the rollout `id` is.
    public func rollout(_ id: String) async throws -> RolloutStatus {
        let all = try lines(RolloutStatus.self, await tell("rollout", "list", "--output", "json"))
        guard let found = all.first(where: { $0.id == id }) else {
            throw Violation("rollout list does not show \(id)")
        }
        return found
    }

    /// The files of the rollout `id`.
    public func targets(_ id: String) async throws -> [TargetStatus] {
        try lines(TargetStatus.self, await tell("rollout", "show", id, "--targets", "--output", "json"))
    }

    /// What has happened to the rollout `id`, from its beginning.
    public func events(_ id: String) async throws -> [LoggedEvent] {
        try lines(
            LoggedEvent.self,
            await tell("events", "--rollout", id, "--since", "1d", "--output", "json"))
    }

    func lines<Item: Decodable>(_ type: Item.Type, _ text: String) throws -> [Item] {
        try text.split(separator: "\n").map { try JSONDecoder().decode(Item.self, from: String($0)) }
    }
}
