import Contract
import DefragTypes
import Foundation

@testable import Rollout

/// A fleet of hosts in a world of its own time: they answer late, twice, out of order or never, fail, die and return; the broker
/// goes away and comes back; the coordinator ends and begins again, and its clock leaps.
///
/// Everything follows from the seed.
struct SimulatedFleet {
    var rollout: Rollout
    var fleet: Fleet
    /// What the coordinator's clock shows.
    var now: Date { time + leaps }
    var announcements: [Rollout.Announcement] = []
    /// Slices that were sent while nothing was to be sent, or to a file system that has one out; caps that did not hold.
    var violations: [String] = []
    /// How often each target has ended.
    var ends: [Int: Int] = [:]
    var slicesSent = 0
    var nature: Nature

    var stored: StoredRollout
    private var random: SplitMix
    private let names: [HostName]
    var hosts: [HostName: SimulatedHost] = [:]
    /// What hosts were last told.
    var wanted: [HostName: DesiredState.Mode] = [:]
    private var mail: [Mail] = []
    /// What waits for the broker, which is away until then.
    private var held: [Content] = []
    var awayUntil: Date?
    private var posted = 0
    private let start: Date
    private var time: Date
    private var leaps: TimeInterval = 0

    private struct Mail {
        var time: Date
        var number: Int
        var content: Content
    }

    enum Content {
        case task(HostName, SimulatedHost.Task)
        case sliceEnds(HostName, String)
        case event(HostName, HostEvent)
        case returns(HostName)

        var isAnswer: Bool {
            switch self {
            case .event(_, .sliceFinished), .event(_, .surveyPage), .event(_, .surveyFinished): true
            default: false
            }
        }
    }

    /// `hosts` hosts in `racks` racks with up to `files` files each, on two file systems.
    init(
        seed: UInt64, hosts count: Int, racks: Int = 3, files: Int = 8, nature: Nature = Nature(),
        strategy: RolloutSpec.Strategy, start: Date = Date(timeIntervalSince1970: 1_800_000_000)
    ) {
        var random = SplitMix(seed)
        var hosts: [HostName: SimulatedHost] = [:]
        var fleet = Fleet(lostAfter: 60)
        names = (0..<count).map { name("h\($0)") }.sorted()
        for (index, name) in names.enumerated() {
            var found: [FileSurvey] = []
            for file in 0..<Int.random(in: 0...files, using: &random) {
                found.append(
                    FileSurvey(
                        path: "/\(file)", inode: 1, fileSystem: "fs\(file % 2)", size: .mebibytes(1),
                        statistics: ExtentStatistics(), estimatedReflinkSeconds: 1,
                        gainSeconds: Double.random(in: 0...10, using: &random)))
            }
            hosts[name] = SimulatedHost(
                files: found, labels: ["rack": "r\(index % racks)"], isOld: index.isMultiple(of: 3))
            fleet.expect(name, at: start)
        }
        let spec = RolloutSpec(
            name: "simulated", targets: .init(hosts: ["*"], paths: ["/**"]), strategy: strategy)
        rollout = Rollout(
            id: "r1", spec: spec, hosts: names.map { (name: $0, labels: hosts[$0]?.labels ?? [:]) })
        stored = StoredRollout(rollout)
        self.random = random
        self.hosts = hosts
        self.fleet = fleet
        self.nature = nature
        self.start = start
        time = start
    }

    /// Lets the time go by until the rollout has ended, at most for so long. `each` is called once a second.
    mutating func run(
        for limit: TimeInterval = 7 * 86_400, each: (inout SimulatedFleet) -> Void = { _ in }
    ) {
        if time == start { handle(.start) }
        while !rollout.state.phase.isEnded, time.timeIntervalSince(start) < limit {
            time += 1
            if let end = awayUntil, time >= end { brokerIsBack() }
            while let next = mail.last, next.time <= time {
                mail.removeLast()
                deliver(next.content)
            }
            live()
            if awayUntil == nil {
                let (lost, leap) = fleet.tick(at: now)
                if let leap { handle(.leapt(by: leap)) }
                for name in lost { handle(.lost(name)) }
                handle(.tick)
            }
            if let pause = rollout.state.pause, pause != .operator, happens(1) { try? carryOut(.resume) }
            each(&self)
        }
    }

    /// An operator's command.
    mutating func carryOut(_ command: Rollout.Command) throws {
        perform(try rollout.carryOut(command, at: now))
    }

    /// The process ends and begins again, from what it has stored.
    mutating func restart() {
        do {
            rollout = try stored.restored(at: now)
            perform(rollout.continueAfterRestart(at: now))
        } catch {
            violations.append("what was stored cannot be read: \(error)")
        }
    }

    // MARK: - The world

    /// What happens by itself within a second.
    private mutating func live() {
        for name in names where hosts[name]?.isAlive == true {
            if happens(nature.death) { die(name) }
            if Int.random(in: 0..<10, using: &random) == 0, let state = hosts[name]?.state {
                post(.event(name, .hostState(state)), within: 2)
            }
        }
        if awayUntil == nil, happens(nature.outage) {
            awayUntil = time + .random(in: 1...2000, using: &random)
        }
        if awayUntil == nil, happens(nature.lostQueue) {
            mail.removeAll { $0.content.isAnswer }
            handle(.answersLost)
        }
        if happens(nature.leap) { leaps += .random(in: -5000...5000, using: &random) }
    }

    /// Whether something does that has this chance within a minute.
    private mutating func happens(_ chance: Double) -> Bool {
        chance > 0 && Double.random(in: 0..<60, using: &random) < chance
    }

    private mutating func die(_ name: HostName) {
        hosts[name]?.die()
        guard Double.random(in: 0..<1, using: &random) >= nature.stayingDead else { return }
        post(.returns(name), within: 1800)
    }

    private mutating func brokerIsBack() {
        awayUntil = nil
        fleet.couldNotHear(until: now)
        handle(.reconnected)
        for name in names where hosts[name]?.isAlive == true { obey(name) }
        let waiting = held
        held = []
        for content in waiting { deliver(content) }
    }

    private mutating func deliver(_ content: Content) {
        if awayUntil != nil {
            switch content {
            case .event(_, .hostState): return  // Only the latest counts.
            case .task, .event, .returns: return held.append(content)
            case .sliceEnds: break
            }
        }
        switch content {
        case .event(let name, let event):
            if fleet.heard(name, event, at: now).hasReturned { handle(.returned(name)) }
            if case .hostState(let said) = event, let mode = wanted[name], mode != said.mode {
                tell(name, mode)
            }
            handle(.heard(name, event))
        case .returns(let name):
            hosts[name]?.isAlive = true
            obey(name)
            let waiting = hosts[name]?.queue ?? []
            hosts[name]?.queue = []
            for task in waiting { arrive(task, name) }
            if let state = hosts[name]?.state { post(.event(name, .hostState(state)), within: 2) }
        case .task(let name, let task): arrive(task, name)
        case .sliceEnds(let name, let id):
            guard let slice = hosts[name]?.running.removeValue(forKey: id) else { return }
            answer(id, slice, outcome(of: slice), name)
        }
    }

    private mutating func arrive(_ task: SimulatedHost.Task, _ name: HostName) {
        guard let host = hosts[name], host.isAlive else {
            hosts[name]?.queue.append(task)
            return
        }
        guard let slice = task.slice else { return host.survey(task.id).forEach { say($0, name) } }
        guard host.mode == .run else { return stop(task.id, slice, name) }
        hosts[name]?.running[task.id] = slice
        post(.sliceEnds(name, task.id), within: slice.timeBudget)
        check()
    }

    mutating func stop(_ id: String, _ slice: SliceTask, _ name: HostName) {
        var stopped = DefragResult(path: slice.path, status: .partial, reason: .paused)
        stopped.nextOffset = slice.from
        hosts[name]?.running[id] = nil
        answer(id, slice, stopped, name)
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

    mutating func post(_ content: Content, within seconds: TimeInterval) {
        posted += 1
        let item = Mail(
            time: time + Double.random(in: 0...seconds, using: &random), number: posted, content: content)
        let place = mail.firstIndex { ($0.time, $0.number) < (item.time, item.number) } ?? mail.count
        mail.insert(item, at: place)
    }
}
