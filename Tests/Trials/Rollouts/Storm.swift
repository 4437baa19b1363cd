import AMQP
import Glibc
import Support

/// How often each part is killed during a rollout.
public struct Blows: Hashable, Sendable {
    /// The coordinator killed with -9, and started again at once.
    public var coordinator = 0
    /// A node of the broker killed with -9, and started again within seconds: of several, the one that leads the queue with the
    /// answers and the next one, in turns.
    public var broker = 0
    /// The rollout paused as soon as a node of the broker was killed, until no slice runs: at the first so many kills.
    public var pauses = 0
    /// A worker killed with -9, and started again within seconds.
    public var workers = 0
    /// A working host that disappears for good: at most one.
    public var hosts = 0
    /// The queue with the hosts' answers deleted.
    public var queues = 0
    /// The disk with the coordinator's database frozen, each time for ``frozenSeconds``.
    public var freezes = 0
    public var frozenSeconds = 30

    public init(
        coordinator: Int = 0, broker: Int = 0, workers: Int = 0, hosts: Int = 0, queues: Int = 0,
        freezes: Int = 0, frozenSeconds: Int = 30, pauses: Int = 0
    ) {
        self.coordinator = coordinator
        self.broker = broker
        self.workers = workers
        self.hosts = hosts
        self.queues = queues
        self.freezes = freezes
        self.frozenSeconds = frozenSeconds
        self.pauses = pauses
    }
}

/// Kills at random moments of a rollout, spread over its work.
struct Storm {
    private enum Blow {
        case coordinator, broker, worker, host, queue, disk
    }

    private let hosts: [Host]
    private let nodes: [PrivateBroker]
    private let coordinator: Coordinator
    private let frozenSeconds: Int
    private let wantedPauses: Int
    private var random: Xorshift
    /// The remaining kills, and at which share of the work.
    private var plan: [(share: Double, blow: Blow)]
    /// What has to be started again, and when: a worker, or, where none is named, the broker.
    private var repairs: [(due: Double, host: Host?)] = []
    /// The node that was killed last, which may be up again.
    private var struckNode = 0

    /// What was killed before the rollout's end.
    private(set) var struck = Blows()
    /// Kills of the node that led the queue with the answers.
    private(set) var leaders = 0
    /// Milliseconds from each pause until no slice ran.
    private(set) var pauses: [Double] = []
    /// The host that disappeared.
    private(set) var lost: String?

    init(
        _ blows: Blows, on hosts: [Host], _ nodes: [PrivateBroker], _ coordinator: Coordinator, seed: UInt64
    ) {
        self.hosts = hosts
        self.nodes = nodes
        self.coordinator = coordinator
        frozenSeconds = blows.frozenSeconds
        wantedPauses = blows.pauses
        struck.frozenSeconds = frozenSeconds
        var random = Xorshift(seed: seed)
        plan = Self.plan(blows, &random)
        self.random = random
    }

    private static func plan(_ blows: Blows, _ random: inout Xorshift) -> [(share: Double, blow: Blow)] {
        var plan: [(share: Double, blow: Blow)] = []
        func add(_ blow: Blow, _ count: Int, _ range: Range<Double>) {
            for _ in 0..<count { plan.append((.random(in: range, using: &random), blow)) }
        }
        // At the very end the remaining work is done before a kill takes effect.
        add(.coordinator, blows.coordinator, 0..<0.8)
        add(.broker, blows.broker, 0..<0.8)
        add(.worker, blows.workers, 0..<0.8)
        add(.host, blows.hosts, 0.3..<0.7)
        add(.queue, blows.queues, 0..<0.8)
        add(.disk, blows.freezes, 0.1..<0.8)
        plan.sort { $0.share < $1.share }
        // Some coincide.
        for index in plan.indices.dropFirst() where Int.random(in: 0..<4, using: &random) == 0 {
            plan[index].share = plan[index - 1].share
        }
        return plan
    }

    /// Kills until the rollout `id` has ended.
    ///
    /// - Throws: ``Violation`` if it pauses, or ends before everything was killed.
    mutating func rage(over id: String, _ progress: (String) -> Void) async throws {
        while true {
            for index in repairs.indices.reversed() where repairs[index].due <= WallClock.now {
                try await repair(repairs.remove(at: index).host)
            }
            let rollout = try await coordinator.rollout(id)
            try Inspection.promise(rollout.pause == nil, "it has paused: \(rollout)")
            if rollout.phase.hasPrefix("completed") { break }
            try Inspection.promise(
                ["surveying", "running"].contains(rollout.phase), "it is \(rollout.phase)")
            if let next = plan.first, rollout.share >= next.share {
                if try await strike(next.blow, rollout) { plan.removeFirst() }
                let percent = Int(rollout.share * 100)
                progress("\(percent) %: \(struck), \(plan.count) blows to come")
                guard plan.first?.share != next.share else { continue }
            }
            try await Task.sleep(for: .milliseconds(.random(in: 20..<300, using: &random)))
        }
        try Inspection.promise(
            plan.isEmpty, "the rollout was over before it was struck as often as wanted: make it longer")
        for (_, host) in repairs { try await repair(host) }
    }

    private func repair(_ host: Host?) async throws {
        if let host { try host.start() } else { try await nodes[struckNode].start() }
    }

    /// Deletes the queue with the hosts' answers, whatever is in it.
    private func deleteAnswers() async throws {
        let connection = Connection(try Endpoint(url: nodes[0].url), ConnectionOptions(name: "storm"))
        connection.start()
        _ = try await connection.delete(queue: "reflow.coordinator")
        await connection.close()
    }

    /// Returns whether it could be done now.
    private mutating func strike(_ blow: Blow, _ rollout: RolloutStatus) async throws -> Bool {
        let later = WallClock.now + .random(in: 0..<3, using: &random)
        switch blow {
        case .coordinator:
            try await coordinator.kill()
            try await coordinator.start()
            struck.coordinator += 1
        case .broker:
            guard !repairs.contains(where: { $0.host == nil }) else { return false }
            let leader = try await nodes[struckNode].leader(ofQueue: "reflow.coordinator")
            let led = nodes.firstIndex { $0.port == leader }
            struckNode = struck.broker.isMultiple(of: 2) ? led ?? 0 : (struckNode + 1) % nodes.count
            if struckNode == led { leaders += 1 }
            try await nodes[struckNode].kill()
            repairs.append((later, nil))
            struck.broker += 1
            if struck.pauses < wantedPauses, rollout.phase == "running" {
                try await pause(rollout.id)
                struck.pauses += 1
            }
        case .worker:
            let running = hosts.filter { $0.worker?.isRunning ?? false }
            guard let host = running.randomElement(using: &random) else { return false }
            await host.kill()
            repairs.append((later, host))
            struck.workers += 1
        case .host:
            let atWork = rollout.working.map(\.name)
            let candidates = hosts.filter { atWork.contains($0.name) && $0.worker?.isRunning ?? false }
            guard let host = candidates.randomElement(using: &random) else { return false }
            await host.kill()
            lost = host.name
            struck.hosts += 1
        case .queue:
            guard !repairs.contains(where: { $0.host == nil }) else { return false }
            try await deleteAnswers()
            struck.queues += 1
        case .disk:
            try await coordinator.freeze(for: .seconds(frozenSeconds))
            struck.freezes += 1
        }
        return true
    }

    /// Pauses the rollout until no worker runs a slice.
    private mutating func pause(_ id: String) async throws {
        let logs = hosts.compactMap { host in host.worker.map { (host, WorkerLog(of: $0)) } }
        let start = WallClock.now
        try await coordinator.tell("rollout", "pause", id)
        while logs.contains(where: { $0.0.worker?.isRunning == true && !$0.1.running().isEmpty }) {
            try Inspection.promise(WallClock.now - start < 30, "30 s after the pause a slice runs")
            try await Task.sleep(for: .milliseconds(10))
        }
        pauses.append((WallClock.now - start) * 1000)
        try await coordinator.tell("rollout", "resume", id)
    }
}
