import AMQP
import Contract
import Glibc
import Support

/// A rollout over simulated hosts and a real worker, beside a host whose account publishes what no host should: in turns with
/// as many messages of the same host to which nothing is to be said.
public struct FloodTrial: Sendable {
    /// Messages that are to be refused; as many valid ones come in between.
    public var messages: Int
    /// Messages a second.
    public var rate: Int
    /// Turns of either kind.
    public var turns: Int
    /// Milliseconds that a file of an honest host takes.
    public var fileMilliseconds: Int
    /// The part of the honest hosts' pace beside valid messages that they have beside the others, at the least.
    public var leastPace: Double

    /// Most memory of the coordinator at any time, in MiB.
    public static let mostMemory = 256

    private static let simulated = 7
    private static let names = (0..<simulated).map { "sim-\($0)" }

    public init(
        messages: Int, rate: Int = 500, turns: Int = 4, fileMilliseconds: Int = 300, leastPace: Double = 0.9
    ) {
        self.messages = messages
        self.rate = rate
        self.turns = turns
        self.fileMilliseconds = fileMilliseconds
        self.leastPace = leastPace
    }

    /// What a trial found.
    public struct Figures: Sendable {
        /// Messages that the broker took, and those that it did not.
        public var confirmed = 0
        public var nacked = 0
        /// Those that were too large for the broker.
        public var refused = 0
        /// Files a second of the honest hosts, beside valid messages and beside the others.
        public var paceBesideValid = 0.0
        public var paceBesideFlood = 0.0
        public var done = 0
        /// Peak of the coordinator's resident memory, and the size of its database, in MiB.
        public var memory = 0
        public var database = 0
        /// Lines of its log about what was refused, by reason.
        public var lines: [FloodKind.Refusal: Int] = [:]
        /// What was promised and is not so.
        public var broken: [String] = []
    }

    /// Runs it to its end, also when a promise is broken: the figures name those.
    ///
    /// - Throws: ``Violation`` when there is nothing left to try: a program has ended.
    public func run(_ progress: @Sendable (String) -> Void = { _ in }) async throws -> Figures {
        guard let odd = HostName("odd"), let other = HostName("sim-0") else { throw Violation("no names") }
        for kind in FloodKind.allCases {
            try FloodMessage(kind, from: odd, other: other, number: 7).check(kind, odd)
        }
        try FloodMessage(validFrom: odd, number: 7).check(.answerToNoTask, odd)
        let fleet = try await Fleet(broker: PrivateBroker())
        let coordinator = try Coordinator(fleet)
        try await provision(odd, fleet)
        let real = try await fleet.host("real", mebibytes: 320)
        let image = try real.makeImage(mebibytes: 8)
        let worker = try real.start()
        try await coordinator.start()
        let flooder = try await Flooder(fleet.broker, as: odd, rate: rate)
        let simulator = try Process(
            "fleet-simulator",
            [
                "--url", fleet.broker.url, "--hosts", "\(Self.simulated)", "--files", "\(files)",
                "--file-milliseconds", "\(fileMilliseconds)", "--state-interval", "1",
            ], environment: fleet.environment)
        let work = HonestWork(simulator)
        try await coordinator.waitUntilHeard([real.name] + Self.names)

        let id = try await coordinator.startRollout(
            """
            name: flood
            targets: {hosts: [sim-*, real], paths: [/srv/vm/*.img, \(image)]}
            policy: {duty: 100%}
            strategy: {concurrency: {hosts: 100%}, ramp: [\(Self.simulated + 1)], errorBudget: {failures: 0}}
            """)
        while try work.done().once == 0 {
            try Inspection.promise(simulator.isRunning, "the simulator has ended:\n\(simulator.errors)")
            try await Task.sleep(for: .milliseconds(50))
        }

        var figures = Figures()
        try await flood(flooder, from: odd, other: other, work, fleet, coordinator, &figures, progress)
        progress("waiting for the rollout")
        try await finish(id, work, coordinator, &figures)
        let sent = flooder.account
        (figures.confirmed, figures.nacked, figures.refused) = (sent.confirmed, sent.nacked, sent.refused)
        try Inspection.promise(worker.isRunning, "reflow-worker has ended:\n\(worker.errors)")
        figures.memory = try coordinator.peakMemory()
        figures.database = try coordinator.databaseSize()
        figures.lines = FloodLog.lines(coordinator.log)
        judge(&figures)
        await flooder.close()
        simulator.send(SIGTERM)
        await simulator.wait()
        try await coordinator.stop()
        try await real.stop()
        return figures
    }

    /// Files of all honest hosts.
    private var total: Int { Self.simulated * files + 1 }

    /// Files of a simulated host: work for as long as the flood takes, and longer.
    private var files: Int {
        let seconds = Double(2 * messages) / Double(rate)
        let perSecond = 2 * 1000 / Double(fileMilliseconds)
        return min(20_000, Int(seconds * 1.4 * perSecond) + 20)
    }

    private func provision(_ odd: HostName, _ fleet: Fleet) async throws {
        let names = Self.names + ["\(odd)"]
        let process = try Process(
            "reflow", ["provision"] + names.flatMap { ["--host", $0] }, environment: fleet.environment)
        let end = await process.wait()
        try Inspection.promise(end == .exited(0), "provision: \(end)\n\(process.errors)")
    }

    /// Valid messages and the others, in turns.
    private func flood(
        _ flooder: Flooder, from odd: HostName, other: HostName, _ work: HonestWork, _ fleet: Fleet,
        _ coordinator: Coordinator, _ figures: inout Figures, _ progress: @Sendable (String) -> Void
    ) async throws {
        let observer = try await fleet.connect()
        let each = messages / turns
        var (valid, flood) = ((files: 0, seconds: 0.0), (files: 0, seconds: 0.0))
        let plan = FloodPlan()
        for turn in 0..<2 * turns {
            let isFlood = turn % 2 == 1
            let numbers = turn / 2 * each..<(turn / 2 + 1) * each
            let start = WallClock.now
            try await flooder.send(numbers) { number in
                isFlood
                    ? FloodMessage(plan.kind(number), from: odd, other: other, number: number)
                    : FloodMessage(validFrom: odd, number: number)
            }
            try await drain(observer, coordinator)
            let end = WallClock.now
            try Inspection.promise(
                coordinator.isRunning, "reflow serve has ended:\n\(coordinator.log.suffix(4000))")
            let done = try work.done(from: start, to: end)
            if isFlood {
                flood = (flood.files + done, flood.seconds + end - start)
            } else {
                valid = (valid.files + done, valid.seconds + end - start)
            }
            progress(
                "turn \(turn + 1) of \(2 * turns), \(isFlood ? "flood" : "valid"): \(done) files in \(Int(end - start)) s, "
                    + "coordinator \(try coordinator.peakMemory()) MiB at the most")
        }
        figures.paceBesideValid = Double(valid.files) / max(valid.seconds, 0.001)
        figures.paceBesideFlood = Double(flood.files) / max(flood.seconds, 0.001)
        if try work.done().once >= total - 1 {
            figures.broken.append("the honest work ended before the flood: the paces say nothing")
        }
        await observer.close()
    }

    /// Waits until the coordinator has taken what a turn has left.
    private func drain(_ observer: Connection, _ coordinator: Coordinator) async throws {
        for queue in [QueueName.coordinator, QueueName.dead] {
            while try await observer.inspect(queue: queue).messages > 100 {
                try Inspection.promise(
                    coordinator.isRunning, "reflow serve has ended:\n\(coordinator.log.suffix(4000))")
                try await Task.sleep(for: .milliseconds(100))
            }
        }
    }

    private func finish(
        _ id: String, _ work: HonestWork, _ coordinator: Coordinator, _ figures: inout Figures
    ) async throws {
        var rollout = try await coordinator.rollout(id)
        while rollout.phase == "running" || rollout.phase == "surveying" {
            try await Task.sleep(for: .milliseconds(200))
            rollout = try await coordinator.rollout(id)
            guard rollout.pause == nil else { break }
        }
        figures.done = rollout.targets.done
        // The simulator counts ten times a second.
        try await Task.sleep(for: .milliseconds(500))
        let done = try work.done()
        if rollout.phase != "completed" || rollout.targets.done != total || rollout.targets.total != total {
            figures.broken.append("the rollout is \(rollout.phase) with \(rollout.targets) of \(total) files")
        }
        if done.once != total - 1 || done.again != 0 {
            figures.broken.append(
                "\(done.once) files were done, \(done.again) of them again, of \(total - 1)")
        }
    }

    private func judge(_ figures: inout Figures) {
        if figures.memory > Self.mostMemory {
            figures.broken.append("\(figures.memory) MiB of memory, more than \(Self.mostMemory)")
        }
        if figures.paceBesideFlood < leastPace * figures.paceBesideValid {
            figures.broken.append(
                "honest work at \(Int(100 * figures.paceBesideFlood / figures.paceBesideValid)) % of its pace, "
                    + "less than \(Int(100 * leastPace)) %")
        }
        for refusal in FloodKind.Refusal.allCases {
            let lines = figures.lines[refusal] ?? 0
            if lines == 0 {
                figures.broken.append("the log does not say that something was refused as \(refusal)")
            }
            if lines > FloodLog.most {
                figures.broken.append(
                    "\(lines) lines of the log about \(refusal), more than \(FloodLog.most)")
            }
        }
    }
}

/// Which kind of message comes when.
struct FloodPlan: Sendable {
    private let kinds = FloodKind.allCases

    /// The kind of the message `number`: the rare ones at their distances, the others one after the other.
    func kind(_ number: Int) -> FloodKind {
        let rare = kinds.filter { $0.oneOf >= 100 }
        for (offset, kind) in rare.enumerated() where number % kind.oneOf == offset * 7 + 3 { return kind }
        let common = kinds.filter { $0.oneOf < 100 }
        return common[number % common.count]
    }
}
