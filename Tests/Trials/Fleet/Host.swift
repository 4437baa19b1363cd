import Glibc
public import Support
import Synchronization

/// One host of a fleet.
public final class Host: Sendable {
    /// Its name.
    public let name: String
    /// Its file system.
    public let disk: LoopXFS
    private let environment: [String: String]
    /// What its workers keep for each other.
    private let stateDirectory: String
    private let current = Mutex<Process?>(nil)

    init(name: String, disk: LoopXFS, environment: [String: String]) throws {
        stateDirectory = try RunFolder.subfolder("state")
        self.name = name
        self.disk = disk
        self.environment = environment
    }

    /// Its worker, which may have ended; `nil` before the first.
    public var worker: Process? { current.withLock(\.self) }

    /// Starts its worker, through `wrapper` if one is given.
    @discardableResult
    public func start(_ more: [String: String] = [:], through wrapper: [String] = []) throws -> Process {
        let settings = [
            "REFLOW_HOST": name, "REFLOW_ROOTS": disk.path, "REFLOW_STATE_INTERVAL": "1s",
            "REFLOW_STATE_DIRECTORY": stateDirectory,
        ]
        let worker = try Process(
            "reflow-worker", ["serve"],
            environment: environment.merging(settings) { $1 }.merging(more) { $1 }, through: wrapper)
        current.withLock { $0 = worker }
        return worker
    }

    /// Ends its worker as a power cut would.
    public func kill() async {
        worker?.send(SIGKILL)
        await worker?.wait()
    }

    /// Ends its worker as systemd would.
    ///
    /// - Throws: ``Violation`` unless it ends well.
    public func stop() async throws {
        guard let worker, worker.isRunning else { return }
        worker.send(SIGTERM)
        let end = await worker.wait()
        try Inspection.promise(end == .exited(0), "\(name): \(end)\n\(worker.errors)")
    }

    /// Makes a file of `mebibytes` MiB in some thousand extents.
    public func makeImage(_ name: String = "vm.img", mebibytes: Int64 = 64) throws -> String {
        let path = disk.file(name)
        try Fragmenter.scatter(path, size: mebibytes << 20)
        return path
    }
}
