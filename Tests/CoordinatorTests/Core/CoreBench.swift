import Contract
import DefragTypes
import Foundation
import Logging
import Rollout
import Synchronization
import Testing

@testable import Coordinator
@testable import ReflowAPI

/// A core over a store in memory, without a broker: hosts say what the test says, and what would be published is looked at.
struct CoreBench {
    private(set) var store: Store
    private(set) var core: Core
    private let clock = TestClock()
    var now: Date { clock.now }

    static let lostAfter: TimeInterval = 30

    /// A coordinator that has reached its broker, with a store in memory or at `path`.
    init(path: String? = nil) async throws {
        store = try path.map { try Store(path: $0) } ?? Store.inMemory()
        core = Self.core(store, clock)
        try await core.resume()
        await reachBroker()
    }

    /// One with a rollout that has a slice out on host `a`.
    static func working() async throws -> (CoreBench, id: String) {
        let bench = try await CoreBench()
        await bench.hear("a", .hostState(.living()))
        let id = try await bench.rollout(of: "a")
        try await bench.publish()
        return (bench, id)
    }

    private static func core(_ store: Store, _ clock: TestClock) -> Core {
        Core(
            store: store, fleet: Fleet(lostAfter: lostAfter),
            log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, clock: { clock.now },
            uptime: { clock.uptime })
    }

    /// The process ends, whatever it was doing, and another takes up what is stored. It has not reached the broker yet.
    mutating func restart() async throws {
        core = Self.core(store, clock)
        try await core.resume()
    }

    /// The process ends, `copy` is put in the place of its store at `path` as the manual says, and another begins.
    mutating func goBack(to copy: String, at path: String) async throws {
        try store.close()
        // Its lock goes with the last that has it.
        store = try Store.inMemory()
        core = Self.core(store, clock)
        for end in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + end) }
        try FileManager.default.copyItem(atPath: copy, toPath: path)
        // A program that another test is just starting has the lock's descriptor until it is executed.
        while true {
            let opened = Result { try Store(path: path) }
            if case .failure(let error as StoreError) = opened, error.code == .inUse {
                try await Task.sleep(for: .milliseconds(10))
                continue
            }
            store = try opened.get()
            break
        }
        try await restart()
        await reachBroker()
    }

    /// Both connections are up.
    func reachBroker() async { await take(.back(.link(.publishing)), .back(.link(.consuming))) }

    /// Something happens.
    func take(_ inputs: CoreInput...) async {
        await core.take(inputs)
    }

    /// Time passes, second by second, while `hosts` go on saying that they live.
    func wait(_ seconds: Int, hearing hosts: String...) async throws {
        for second in 0..<seconds {
            clock.advance(1)
            if second % 10 == 9 { for host in hosts { await hear(host, .hostState(.living())) } }
            await take(.tick)
        }
    }

    /// The process stood still, or the clock was set.
    func jump(_ seconds: TimeInterval, isSet: Bool = false) { clock.advance(seconds, isSet: isSet) }

    /// The machine started anew.
    func reboot() { clock.reboot() }

    /// A host says something.
    func hear(_ host: String, _ event: HostEvent, id: String? = nil) async {
        await take(.heard(named(host), event, id: id, nil))
    }

    /// A host says that it lives, and why it cannot consume its queue, if so.
    func hear(_ host: String, deaf why: String?) async {
        var said = HostState.living()
        said.deaf = why
        await hear(host, .hostState(said))
    }

    /// What is to be published, which the broker takes.
    @discardableResult func publish() async throws -> [Store.Outgoing] {
        var all: [Store.Outgoing] = []
        while true {
            let messages = await core.outgoing(most: .max)
            if messages.isEmpty { return all }
            await core.published(messages.map { ($0, nil) })
            all += messages
        }
    }

    /// Texts of the log.
    var log: [String] {
        get throws { try store.readNow { try $0.events(.init(limit: .max)) }.map(\.text) }
    }

    /// A rollout over `hosts`, each of which has so many files and, but for those that are `silent`, has answered its survey.
    func rollout(of hosts: String..., files: Int = 1, silent: Set<String> = []) async throws -> String {
        let id = try await core.startRollout(spec: Self.spec(hosts), again: true, by: "ada").id
        for message in try await publish() where message.kind == .survey {
            guard let host = message.host, let task = message.task, !silent.contains(host) else { continue }
            try await answerSurvey(task, of: host, job: id, files: files)
        }
        return id
    }

    func answerSurvey(_ task: String, of host: String, job: String, files: Int = 1) async throws {
        let found = (0..<files).map {
            FileSurvey(
                path: "/srv/\($0)", inode: 1, fileSystem: "fs", size: .mebibytes(1),
                statistics: ExtentStatistics(), estimatedReflinkSeconds: 1, gainSeconds: 1)
        }
        await hear(host, .surveyPage(.init(task: task, job: job, page: 0, files: found)))
        await hear(
            host,
            .surveyFinished(
                .init(task: task, job: job, pages: 1, files: files, matched: files, problems: [])))
    }

    /// A host answers a slice.
    func answer(_ slice: Store.Outgoing, _ status: DefragResult.Status = .done, id: String? = nil)
        async throws
    {
        await hear(
            try #require(slice.host),
            .sliceFinished(
                .init(
                    task: try #require(slice.task), job: "any",
                    result: DefragResult(path: "/", status: status))),
            id: id)
    }

    static func spec(_ hosts: [String]) -> String {
        """
        name: test
        targets: {hosts: [\(hosts.joined(separator: ", "))], paths: [/srv/*], minExtents: 1}
        """
    }
}

extension HostState {
    /// A worker that does nothing in particular.
    static func living(generation: Int64 = 0, mode: DesiredState.Mode = .run) -> HostState {
        HostState(
            version: "test", kernel: "test", generation: generation, mode: mode,
            fileSystems: [.init(uuid: "fs", mountPoint: "/srv", size: .zero, free: .zero)], running: [],
            uptime: 1)
    }
}

extension [Store.Outgoing] {
    /// The desired states among them.
    var desires: [DesiredState] {
        get throws {
            try filter { $0.kind == .control }.map {
                try Contract.Message<DesiredState>(json: $0.body).body
            }
        }
    }
}

extension Core {
    /// Tells a host something, whatever is known of it.
    func say(_ state: DesiredState, to host: HostName) throws {
        var step = Step(at: clock())
        step.write { try $0.send(state, to: host) }
        try commit(step)
    }
}

/// A clock that stands still unless a test moves it.
private final class TestClock: Sendable {
    private let time = Mutex((now: Date(timeIntervalSince1970: 1_800_000_000), uptime: 1_000_000.0))
    var now: Date { time.withLock { $0.now } }
    var uptime: TimeInterval { time.withLock { $0.uptime } }
    func advance(_ seconds: TimeInterval, isSet: Bool = false) {
        time.withLock { time in
            time.now += seconds
            if !isSet { time.uptime += max(0, seconds) }
        }
    }
    func reboot() { time.withLock { $0.uptime = 1 } }
}
