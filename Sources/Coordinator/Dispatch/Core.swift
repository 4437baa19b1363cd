import Contract
import DefragTypes
import Foundation
import Logging
import Rollout

/// The coordinator: holds what is true, in memory and in the store, and lets ``Rollout`` decide.
///
/// Everything that comes in goes through ``take(_:at:)``: what it changes and what has to be published for it is stored in one
/// transaction, and only then is the broker told that it may forget the message. So the process may end at any moment.
///
/// It has a thread of its own and never waits within a step: no two steps interleave.
actor Core {
    let store: Store
    let log: Logger
    /// Tells whoever listens what happens.
    nonisolated let feed = Feed()
    /// Tells the publisher that there may be something to publish.
    nonisolated let outboxWake = Mailbox<Void>()

    var fleet: Fleet
    /// The rollouts that have not ended, by their ids.
    var underWay: [String: Rollout] = [:]
    /// Surveys that operators have asked for: they need not outlive the process.
    var surveys: [String: FleetSurvey] = [:]
    /// What hosts were last told.
    var desired: [HostName: DesiredState] = [:]
    /// When a host was last told again, and when it was last written down that it was heard.
    private var toldAgain: [HostName: Date] = [:]
    private var noted: [HostName: Date] = [:]
    /// When the log was last pruned.
    private var pruned = Date.distantPast
    /// Longest time for which any file of a rollout was locked, in milliseconds.
    var longestPause: [String: Double] = [:]
    /// Why the broker cannot be reached; `nil` while it can.
    private(set) var brokerTrouble: String? = "the broker was not reached yet"

    private let executor = SerialQueueExecutor("reflow.core")
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    init(store: Store, lostAfter: TimeInterval, log: Logger) {
        self.store = store
        self.log = log
        fleet = Fleet(lostAfter: lostAfter)
    }

    /// Takes up what the store holds: hosts, rollouts, what was not published.
    func takeUp(at now: Date = Date()) throws {
        let ids = try store.readNow { read in
            for host in try read.fleet() {
                // Silence goes on across a restart, but for a moment in which the host can be heard.
                let heard = max(host.lastHeard ?? now, now - max(0, fleet.lostAfter - Self.grace))
                fleet.expect(host.name, state: host.state, isLost: host.isLost, at: heard)
                desired[host.name] = host.desired
            }
            return try read.unfinishedRollouts()
        }
        var step = Step(at: now)
        for id in ids {
            underWay[id] = try store.readNow { try $0.restore(id, at: now) }
            longestPause[id] = try store.readNow { try $0.longestPause(of: id) }
            perform(underWay[id]?.takeUp(at: now) ?? [], id, &step)
            log.info("taken up", metadata: ["rollout": "\(id)"])
        }
        try commit(step)
    }

    // MARK: - What happens

    /// Takes in what has happened, as one step.
    func take(_ happenings: [Happening], at now: Date = Date()) throws {
        var step = Step(at: now)
        let messages = happenings.compactMap(\.message)
        var known = try store.readNow { read in
            Set(try messages.filter { try read.isSeen(source: $0.source, id: $0.id) })
        }
        for happening in happenings {
            if let message = happening.message, !known.insert(message).inserted { continue }
            take(happening, &step)
        }
        step.write {
            for message in messages { _ = try $0.isNew(source: message.source, id: message.id, at: now) }
        }
        try commit(step)
        for happening in happenings { happening.settlement?.settle() }
    }

    private func take(_ happening: Happening, _ step: inout Step) {
        switch happening {
        case .heard(let host, let event, _, _):
            heard(host, event, &step)
        case .dead(let letter, _):
            let now = step.now
            step.write { try $0.keep(letter, at: now) }
            tell("message.dead", "a message could not be handled: \(letter.why)", host: letter.host, &step)
            if let task = letter.messageID { handle(.deadLettered(task: task, reason: letter.why), &step) }
        case .ignored(let why, _):
            log.warning("ignored \(why)")
        case .brokerAway(let why):
            brokerTrouble = "the broker cannot be reached: \(why)"
            log.warning("the broker is away", metadata: ["error": "\(why)"])
        case .brokerBack:
            brokerTrouble = nil
            log.info("the broker is there")
            fleet.couldNotHear(until: step.now)
            handle(.reconnected, &step)
        case .tick:
            // Without the broker, silence says nothing.
            for host in brokerTrouble == nil ? fleet.tick(at: step.now) : [] {
                step.write { try $0.lost(host) }
                tell("host.lost", "host \(host) has been silent for too long", host: host, &step)
                handle(.lost(host), &step)
            }
            handle(.tick, &step)
            prune(&step)
            publishViews()
        }
    }

    /// Forgets, once an hour, what is so old that nobody asks for it.
    private func prune(_ step: inout Step) {
        guard step.now.timeIntervalSince(pruned) >= 3600 else { return }
        pruned = step.now
        let oldest = step.now - Self.memory
        step.write {
            try $0.pruneSeenEvents(before: oldest, keeping: Self.mostKept)
            try $0.pruneEvents(keeping: Self.mostKept)
        }
    }

    /// Seconds after which no message comes again.
    private static let memory: TimeInterval = 7 * 86_400
    /// Messages that are recognised, and events in the log, at most.
    private static let mostKept = 1_000_000

    private func heard(_ host: HostName, _ event: HostEvent, _ step: inout Step) {
        let before = fleet.hosts[host]
        let hasReturned = fleet.heard(host, event, at: step.now)
        if hasReturned {
            tell("host.returned", "host \(host) is heard again", host: host, &step)
            handle(.returned(host), &step)
        }
        let now = step.now
        if before == nil || hasReturned || before?.labels != fleet.hosts[host]?.labels
            || now.timeIntervalSince(noted[host] ?? .distantPast) >= fleet.lostAfter / 2
        {
            noted[host] = now
            let state = fleet.hosts[host]?.state
            step.write { try $0.heard(host, state, at: now) }
        }
        if case .hostState(let state) = event { tellAgain(host, state, &step) }
        for id in surveys.keys { surveys[id]?.heard(host, event) }
        handle(.heard(host, event), &step)
    }

    /// Seconds that a host has at least, after a restart, to be heard: a worker says at least every 20 s that it lives.
    private static let grace: TimeInterval = 21

    /// Hands an event to every rollout, the oldest first.
    func handle(_ event: Rollout.Event, _ step: inout Step) {
        for id in underWay.keys.sorted() {
            let taken = hostsTaken(besides: id)
            let actions = underWay[id]?.handle(event, at: step.now) { taken.contains($0) } ?? []
            perform(actions, id, &step)
        }
    }

    /// The hosts on which other rollouts work.
    func hostsTaken(besides id: String) -> Set<HostName> {
        guard underWay.count > 1 else { return [] }
        return Set(underWay.filter { $0.key != id }.values.flatMap(\.hostsAtWork))
    }

    // MARK: - What hosts are to do

    /// Tells a host again what is wanted of it, if it says that it knows an older state: it has restarted, or the message was
    /// lost.
    private func tellAgain(_ host: HostName, _ said: HostState, _ step: inout Step) {
        guard let state = desired[host], said.generation < state.generation,
            state.mode != said.mode || state.policy != PolicyOverrides(),
            step.now.timeIntervalSince(toldAgain[host] ?? .distantPast) >= Self.patience
        else { return }
        toldAgain[host] = step.now
        step.write { try $0.send(state, to: host) }
    }

    /// Publishes what is wanted of a host from now on.
    func tell(_ host: HostName, _ mode: DesiredState.Mode, _ policy: PolicyOverrides, _ step: inout Step) {
        // The clock, so that it also grows beyond what somebody without this store has told the host.
        let clock = Int64(step.now.timeIntervalSince1970 * 1000)
        let generation = max(clock, (desired[host]?.generation ?? 0) + 1)
        desired[host] = DesiredState(generation: generation, mode: mode, policy: policy)
        toldAgain[host] = step.now
        step.write { try $0.send($0.desire(mode, policy, of: host, atLeast: generation), to: host) }
    }

    /// Seconds before a host is told the same again: what it said may have been on its way.
    private static let patience: TimeInterval = 5

    // MARK: - The store

    /// Stores a step, tells whoever listens, and has published what is to be.
    ///
    /// - Throws: what the store throws. Memory is ahead of it then: whoever runs the core ends, and begins anew from what is
    ///   stored.
    func commit(_ step: Step) throws {
        var deltas: [RolloutDelta] = []
        for (id, actions) in step.actions {
            if let delta = underWay[id]?.takeDelta(after: actions), !delta.isEmpty { deltas.append(delta) }
        }
        guard !deltas.isEmpty || !step.writes.isEmpty else { return }
        let before = lastEvent
        let events = try store.writeNow { write in
            for delta in deltas { try write.apply(delta, at: step.now) }
            for work in step.writes { try work(write) }
            return try write.read.events(.init(after: before, limit: .max))
        }
        for event in events {
            lastEvent = max(lastEvent, event.id)
            feed.publish(.event(EventView(event)))
        }
        for (id, rollout) in underWay where rollout.state.phase.isEnded {
            underWay[id] = nil
            if let view = try? view(of: id) { feed.publish(.rollout(view)) }
        }
        outboxWake.put(())
    }

    /// Id of the last event that was handed to the feed.
    private lazy var lastEvent: Int64 = (try? store.readNow { try $0.lastEventID() }) ?? 0

    /// Tells whoever listens how the rollouts are.
    private func publishViews() {
        guard feed.listeners > 0 else { return }
        for id in underWay.keys.sorted() {
            if let view = try? view(of: id) { feed.publish(.rollout(view)) }
        }
    }

    // MARK: - The outbox

    /// What is to be published next, oldest first: the same again until it is settled.
    func outgoing(most limit: Int) throws -> [Store.Outgoing] {
        try store.readNow { try $0.pendingOutbox(limit: limit) }
    }

    /// Messages that the broker has taken, or that cannot be delivered, with the reason. Any that is not among them is tried
    /// again.
    func published(_ settled: [(Store.Outgoing, String?)]) throws {
        var step = Step(at: Date())
        let numbers = settled.map(\.0.id)
        step.write { try $0.remove(outbox: numbers) }
        for case (let message, let why?) in settled {
            guard let name = message.host, let host = HostName(name), let task = message.task else {
                continue
            }
            log.warning("a message cannot be delivered", metadata: ["host": "\(host)", "why": "\(why)"])
            handle(.undeliverable(task: task, host, why), &step)
            for id in surveys.keys { surveys[id]?.undeliverable(host, why) }
        }
        try commit(step)
    }
}
