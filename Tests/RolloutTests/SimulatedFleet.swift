import Contract
import DefragTypes
import Foundation

@testable import Rollout

/// A fleet of hosts in a world of its own time: they answer late, twice, out of order or never, fail, die and return.
///
/// Everything follows from the seed.
struct SimulatedFleet {
    struct Nature {
        var failure = 0.05
        var lostAnswer = 0.02
        var duplicate = 0.1
        /// Chance of a host to die within each minute.
        var death = 0.0
        /// Chance of a dead host to stay so.
        var stayingDead = 0.0
    }

    private(set) var rollout: Rollout
    private(set) var fleet: Fleet
    private(set) var now: Date
    private(set) var announcements: [Rollout.Announcement] = []
    /// Slices that were sent while nothing was to be sent, or to a file system that has one out; caps that did not hold.
    private(set) var violations: [String] = []
    /// How often each target has ended.
    private(set) var ends: [Int: Int] = [:]
    private(set) var slicesSent = 0
    var nature: Nature

    private var random: SplitMix
    private var hosts: [HostName: Host] = [:]
    private var mail: [Mail] = []
    private var posted = 0
    private let start: Date

    private struct Host {
        var files: [FileSurvey]
        var labels: [String: String]
        var mode = DesiredState.Mode.run
        var isAlive = true
        /// Slices that run, and until when they would.
        var running: [String: SliceTask] = [:]
        /// What came while it was dead.
        var queue: [Task] = []
    }

    private struct Task {
        var id: String
        var slice: SliceTask?
    }

    private struct Mail {
        var time: Date
        var number: Int
        var content: Content
    }

    private enum Content {
        case task(HostName, Task)
        case sliceEnds(HostName, String)
        case event(HostName, HostEvent)
        case returns(HostName)
    }

    /// `hosts` hosts in `racks` racks with up to `files` files each, on two file systems.
    init(
        seed: UInt64, hosts count: Int, racks: Int = 3, files: Int = 8, nature: Nature = Nature(),
        strategy: RolloutSpec.Strategy, start: Date = Date(timeIntervalSince1970: 1_800_000_000)
    ) {
        var random = SplitMix(seed)
        var hosts: [HostName: Host] = [:]
        var fleet = Fleet(lostAfter: strategy.lostAfter)
        let names = (0..<count).map { name("h\($0)") }.sorted()
        for (index, name) in names.enumerated() {
            var found: [FileSurvey] = []
            for file in 0..<Int.random(in: 0...files, using: &random) {
                found.append(
                    FileSurvey(
                        path: "/\(file)", inode: 1, fileSystem: "fs\(file % 2)", size: .mebibytes(1),
                        statistics: ExtentStatistics(), estimatedReflinkSeconds: 1,
                        gainSeconds: Double.random(in: 0...10, using: &random)))
            }
            hosts[name] = Host(files: found, labels: ["rack": "r\(index % racks)"])
            fleet.expect(name, at: start)
        }
        let spec = RolloutSpec(
            name: "simulated", targets: .init(hosts: ["*"], paths: ["/**"]), strategy: strategy)
        rollout = Rollout(
            id: "r1", spec: spec, hosts: names.map { (name: $0, labels: hosts[$0]?.labels ?? [:]) })
        self.random = random
        self.hosts = hosts
        self.fleet = fleet
        self.nature = nature
        self.start = start
        now = start
    }

    /// Lets the time go by until the rollout has ended, at most for so long. `each` is called once a second.
    mutating func run(for limit: TimeInterval = 7 * 86_400, each: (inout SimulatedFleet) -> Void = { _ in }) {
        if now == start { handle(.start) }
        while !rollout.state.phase.isEnded, now.timeIntervalSince(start) < limit {
            now += 1
            while let next = mail.last, next.time <= now {
                mail.removeLast()
                deliver(next.content)
            }
            live()
            for name in fleet.tick(at: now) { handle(.lost(name)) }
            handle(.tick)
            each(&self)
        }
    }

    /// An operator's command.
    mutating func carryOut(_ command: Rollout.Command) throws {
        perform(try rollout.carryOut(command, at: now))
    }

    /// The process ends and begins again, from what it has stored.
    mutating func restart() {
        let hosts = rollout.hosts.map { Rollout.StoredHost(name: $0.name, state: $0.state) }
        let targets = rollout.targets.map { target in
            Rollout.StoredTarget(
                host: rollout.hosts[target.host].name,
                fileSystem: rollout.hosts[target.host].fileSystems[target.fileSystem], size: target.size,
                gain: target.gain, state: target.state, cursor: target.cursor, unshared: target.unshared,
                slices: target.slices, fruitless: target.fruitless)
        }
        rollout = Rollout(id: rollout.id, state: rollout.state, hosts: hosts, targets: targets, at: now)
        perform(rollout.takeUp(at: now))
    }

    // MARK: - Hosts

    /// What hosts do by themselves within a second.
    private mutating func live() {
        for name in hosts.keys.sorted() where hosts[name]?.isAlive == true {
            if Double.random(in: 0..<60, using: &random) < nature.death { die(name) }
            if Int.random(in: 0..<10, using: &random) == 0 {
                post(.event(name, .hostState(state(of: name))), within: 2)
            }
        }
    }

    private mutating func die(_ name: HostName) {
        hosts[name]?.isAlive = false
        // What it had comes again when it is back, as the broker's redelivery.
        for (id, slice) in hosts[name]?.running ?? [:] {
            hosts[name]?.queue.append(Task(id: id, slice: slice))
        }
        hosts[name]?.running = [:]
        guard Double.random(in: 0..<1, using: &random) >= nature.stayingDead else { return }
        post(.returns(name), within: 1800)
    }

    private func state(of name: HostName) -> HostState {
        let host = hosts[name]
        return HostState(
            version: "test", kernel: "test", generation: 0, mode: host?.mode ?? .run, fileSystems: [],
            running: (host?.running ?? [:]).map { id, slice in
                SliceProgress(
                    task: id, job: slice.job, path: slice.path, offset: .zero, size: .zero, rewritten: .zero,
                    maxPauseMs: 0, seconds: 0)
            }, uptime: 1, labels: host?.labels)
    }

    private mutating func deliver(_ content: Content) {
        switch content {
        case .event(let name, let event):
            if fleet.heard(name, event, at: now) { handle(.returned(name)) }
            handle(.heard(name, event))
        case .returns(let name):
            hosts[name]?.isAlive = true
            hosts[name]?.mode = .run
            let waiting = hosts[name]?.queue ?? []
            hosts[name]?.queue = []
            for task in waiting { deliver(.task(name, task)) }
            post(.event(name, .hostState(state(of: name))), within: 2)
        case .task(let name, let task): arrive(task, name)
        case .sliceEnds(let name, let id):
            guard let slice = hosts[name]?.running.removeValue(forKey: id) else { return }
            answer(id, slice, outcome(of: slice), name)
        }
    }

    private mutating func arrive(_ task: Task, _ name: HostName) {
        guard let host = hosts[name], host.isAlive else {
            hosts[name]?.queue.append(task)
            return
        }
        guard let slice = task.slice else { return survey(task.id, host.files, name) }
        guard host.mode == .run else {
            var held = DefragResult(path: slice.path, status: .partial, reason: .paused)
            held.nextOffset = slice.from
            return answer(task.id, slice, held, name)
        }
        hosts[name]?.running[task.id] = slice
        post(.sliceEnds(name, task.id), within: slice.timeBudget)
    }

    private mutating func survey(_ id: String, _ files: [FileSurvey], _ name: HostName) {
        let pages = stride(from: 0, to: files.count, by: 3).map {
            Array(files[$0..<min($0 + 3, files.count)])
        }
        var events: [HostEvent] = pages.enumerated().map {
            .surveyPage(SurveyPage(task: id, job: "r1", page: $0, files: $1))
        }
        events.append(
            .surveyFinished(
                SurveyFinished(
                    task: id, job: "r1", pages: pages.count, files: files.count, matched: files.count,
                    problems: [])))
        for event in events { say(event, name) }
    }

    private mutating func outcome(of slice: SliceTask) -> DefragResult {
        let chance = Double.random(in: 0..<1, using: &random)
        if chance < nature.failure {
            return DefragResult(path: slice.path, status: .failed, reason: .ioError)
        }
        var result = DefragResult(path: slice.path, status: .done)
        if chance < 0.5 {
            result.status = .partial
            result.reason = .timeLimit
            result.nextOffset = slice.from + 4096
        } else if chance < 0.53 {
            result.status = .skipped
            result.reason = .immutable
        }
        return result
    }

    private mutating func answer(_ id: String, _ slice: SliceTask, _ result: DefragResult, _ name: HostName) {
        guard Double.random(in: 0..<1, using: &random) >= nature.lostAnswer else { return }
        say(.sliceFinished(SliceFinished(task: id, job: slice.job, result: result)), name)
    }

    /// Says it, perhaps twice.
    private mutating func say(_ event: HostEvent, _ name: HostName) {
        post(.event(name, event), within: 5)
        if Double.random(in: 0..<1, using: &random) < nature.duplicate {
            post(.event(name, event), within: 300)
        }
    }

    private mutating func post(_ content: Content, within seconds: TimeInterval) {
        posted += 1
        let item = Mail(
            time: now + Double.random(in: 0...seconds, using: &random), number: posted, content: content)
        let place = mail.firstIndex { ($0.time, $0.number) < (item.time, item.number) } ?? mail.count
        mail.insert(item, at: place)
    }

    // MARK: - The rollout

    private mutating func handle(_ event: Rollout.Event) {
        perform(rollout.handle(event, at: now))
    }

    private mutating func perform(_ actions: [Rollout.Action]) {
        for action in actions {
            switch action {
            case .survey(let name, let task): post(.task(name, Task(id: task, slice: nil)), within: 3)
            case .slice(let target, let task, let from, let seconds, _): send(target, task, from, seconds)
            case .desire(let name, let mode, _): desire(mode, of: name)
            case .announce(let announcement):
                announcements.append(announcement)
                if case .targetEnded(let target) = announcement { ends[target, default: 0] += 1 }
            case .add, .account: break
            }
        }
        check()
    }

    private mutating func send(_ target: Int, _ task: String, _ from: ByteCount, _ seconds: Double) {
        slicesSent += 1
        if rollout.state.pause != nil { violations.append("a slice was sent during a pause") }
        let windows = rollout.state.spec.strategy.windows
        if let end = windows.openUntil(at: now) {
            if now + seconds > end { violations.append("a slice lasts longer than its window") }
        } else {
            violations.append("a slice was sent outside of every window")
        }
        let host = rollout.hosts[rollout.targets[target].host]
        let slice = SliceTask(job: "r1", path: "/\(target)", from: from, timeBudget: seconds)
        post(.task(host.name, Task(id: task, slice: slice)), within: 3)
    }

    private mutating func desire(_ mode: DesiredState.Mode, of name: HostName) {
        hosts[name]?.mode = mode
        guard mode == .pause else { return }
        for (id, slice) in hosts[name]?.running ?? [:] {
            var stopped = DefragResult(path: slice.path, status: .partial, reason: .paused)
            stopped.nextOffset = slice.from
            hosts[name]?.running[id] = nil
            answer(id, slice, stopped, name)
        }
    }

    /// The caps, as they are meant: hosts with a slot, together and in each rack.
    private mutating func check() {
        let active = rollout.hosts.filter { $0.state.phase == .active }
        let strategy = rollout.state.spec.strategy
        if active.count != rollout.activeHosts { violations.append("hosts are counted wrongly") }
        if active.count > rollout.mostHosts { violations.append("\(active.count) hosts at once") }
        for (key, cap) in strategy.perLabel {
            let values = Dictionary(grouping: active) { $0.state.labels[key] ?? "" }
            for (value, hosts) in values where hosts.count > cap {
                violations.append("\(hosts.count) hosts at once in \(key) \(value)")
            }
        }
        for host in active where host.isLost { violations.append("lost host \(host.name) holds a slot") }
        if case .soak = rollout.state.stage, !active.isEmpty {
            violations.append("a host works during the soak")
        }
    }
}
