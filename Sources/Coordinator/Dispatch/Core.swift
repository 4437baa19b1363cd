import Contract
import DefragTypes
import Foundation
import Logging
import ReflowAPI
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
    /// Tells the time.
    let clock: @Sendable () -> Date
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
    /// When a host was last told again.
    var toldAgain: [HostName: Date] = [:]
    /// When it was last written down that a host was heard, and for which hosts that is due.
    private var noted: [HostName: Date] = [:]
    private var notesDue: Set<HostName> = []
    /// How long what is over is kept, and when the store was last pruned.
    private let retention: Store.Retention
    private var pruned = Date.distantPast
    /// What was not to be believed or understood, as far as it has been told.
    private var ignored: Set<String> = []
    /// Why the broker cannot be worked with, by connection; empty while it can.
    var brokerTroubles = Dictionary(
        uniqueKeysWithValues: BrokerLink.allCases.map { ($0, "the broker was not reached yet") })
    /// Whether it was found away: hosts may have spoken to nobody.
    var wasAway = false
    /// What the store could not take. Memory is ahead of it then: whoever runs the core ends, and begins anew from what is
    /// stored.
    private(set) var fault: (any Error)?

    private let executor = SerialQueueExecutor("reflow.core")
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// A core that knows nothing yet but what is in `store`: see ``takeUp()``.
    init(
        store: Store, fleet: Fleet, retention: Store.Retention = .init(), log: Logger,
        clock: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.store = store
        self.retention = retention
        self.clock = clock
        self.log = log
        self.fleet = fleet
    }

    /// Takes up what the store holds: hosts, rollouts, what was not published.
    func takeUp() throws {
        let now = clock()
        let ids = try store.readNow { read in
            for host in try read.fleet() {
                // Silence goes on across a restart, but for a moment in which the host can be heard; and the clock may
                // have been set back meanwhile.
                let heard = min(now, max(host.lastHeard ?? now, now - max(0, fleet.lostAfter - Self.grace)))
                fleet.expect(host.name, state: host.state, isLost: host.isLost, at: heard)
                desired[host.name] = host.desired
            }
            return try read.unfinishedRollouts()
        }
        lastEvent = try store.readNow { try $0.lastEventID() }
        var step = Step(at: now)
        for id in ids {
            let rollout = try store.readNow { try $0.restore(id, at: now) }
            underWay[id] = rollout
            // Those that were never heard are known from here alone.
            for host in rollout.hosts where !host.state.phase.isEnded {
                fleet.expect(host.name, isLost: host.isLost, at: now)
            }
            perform(underWay[id]?.continueAfterRestart(at: now) ?? [], id, &step)
            log.info("taken up", metadata: ["rollout": "\(id)"])
        }
        try commit(step)
        // What was not published before the restart.
        outboxWake.put(())
    }

    // MARK: - What happens

    /// Takes in what has happened, as one step.
    func take(_ happenings: [Happening], at time: Date? = nil) throws {
        let now = time ?? clock()
        var step = Step(at: now)
        let messages = happenings.compactMap(\.message)
        var known: Set<SeenMessage> = []
        // What is said again in seconds has no message to be recognised: most steps have nothing for the store.
        if !messages.isEmpty {
            known = try store.readNow { read in
                Set(try messages.filter { try read.isSeen(source: $0.source, id: $0.id) })
            }
            step.write {
                for message in messages { _ = try $0.isNew(source: message.source, id: message.id, at: now) }
            }
        }
        for happening in happenings {
            if let message = happening.message, !known.insert(message).inserted { continue }
            take(happening, &step)
        }
        try commit(step)
        for happening in happenings { happening.settlement?.settle() }
        // Once it is stored: a view takes sums from the store, the rest from here.
        if happenings.contains(where: \.isTick) { publishViews() }
    }

    private func take(_ happening: Happening, _ step: inout Step) {
        switch happening {
        case .heard(let host, let event, _, _):
            heard(host, event, &step)
        case .dead(let letter, let host, _):
            let now = step.now
            step.write { try $0.keep(letter, at: now) }
            tell("message.dead", "a message could not be handled: \(letter.why)", host: letter.host, &step)
            guard let host, let task = letter.messageID else { break }
            handle(.deadLettered(task: task, host, reason: letter.why), &step)
            for id in surveys.keys {
                surveys[id]?.failed(task: task, host, "could not handle the survey: \(letter.why)")
            }
        case .ignored(let why, _):
            // Once: whoever may not be believed goes on talking.
            guard ignored.count < Self.mostIgnored, ignored.insert(why).inserted else { return }
            tell("message.ignored", "ignored \(why)", &step)
        case .brokerAway(let link, let why): brokerAway(link, why, &step)
        case .brokerBack(let link): brokerBack(link, &step)
        case .tick:
            // All at once: the disk is synced for each step that writes.
            for host in notesDue { note(host, &step) }
            // Without the broker, silence says nothing, and no answer can come.
            if brokerTrouble == nil {
                let (lost, leap) = fleet.tick(at: step.now)
                if let leap { handle(.leapt(by: leap), &step) }
                for host in lost {
                    step.write { try $0.lost(host) }
                    tell("host.lost", "host \(host) has been silent for too long", host: host, &step)
                    handle(.lost(host), &step)
                }
                handle(.tick, &step)
            }
            prune(&step)
        }
    }

    /// Forgets, once an hour, what is so old that nobody asks for it.
    private func prune(_ step: inout Step) {
        let now = step.now
        guard now.timeIntervalSince(pruned) >= 3600 else { return }
        pruned = now
        pruneSurveys(at: now)
        // What is left for another time goes at the next tick.
        step.write { if try $0.prune(self.retention, at: now, files: 2000) { self.pruned = .distantPast } }
    }

    /// Whether it is time to do again what was last done at `last`; also when the clock was set back since.
    func isDue(after seconds: TimeInterval, since last: Date?, _ now: Date) -> Bool {
        last.map { abs(now.timeIntervalSince($0)) >= seconds } ?? true
    }

    /// Different messages that were not to be believed, at most: more are not told.
    private static let mostIgnored = 1000

    private func heard(_ host: HostName, _ event: HostEvent, _ step: inout Step) {
        let before = fleet.hosts[host]
        let heard = fleet.heard(host, event, at: step.now)
        if heard.hasReturned {
            tell("host.returned", "host \(host) is heard again", host: host, &step)
            handle(.returned(host), &step)
        }
        if before == nil || heard.hasReturned || before?.labels != fleet.hosts[host]?.labels {
            note(host, &step)
        } else if isDue(after: fleet.lostAfter / 2, since: noted[host], step.now) {
            notesDue.insert(host)
        }
        guard !heard.isOfTwin else { return }
        if case .hostState(let state) = event { tellAgain(host, state, &step) }
        for id in surveys.keys { surveys[id]?.heard(host, event) }
        handle(.heard(host, event), &step)
    }

    /// Writes down that a host was heard.
    private func note(_ host: HostName, _ step: inout Step) {
        noted[host] = step.now
        notesDue.remove(host)
        let (state, now) = (fleet.hosts[host]?.state, step.now)
        step.write { try $0.heard(host, state, at: now) }
    }

    /// Seconds that a host has at least, after a restart, to be heard: a worker says at least every 20 s that it lives.
    private static let grace: TimeInterval = 21

    /// Hands an event to every rollout, the oldest first.
    func handle(_ event: Rollout.Event, _ step: inout Step) {
        for id in underWay.keys.sorted() {
            let isTaken = isTaken(besides: id)
            let actions = underWay[id]?.handle(event, at: step.now, isTaken: isTaken) ?? []
            perform(actions, id, &step)
        }
    }

    /// Whether another rollout than `id` works on a host.
    func isTaken(besides id: String) -> (HostName) -> Bool {
        let others = underWay.values.filter { $0.id != id }
        return { host in others.contains { $0.isAtWork(on: host) } }
    }

    // MARK: - The store

    /// Stores a step, tells whoever listens, and has published what is to be.
    ///
    /// - Throws: what the store throws; it is the core's ``fault`` from then on.
    func commit(_ step: Step) throws {
        if let fault { throw fault }
        do { try write(step) } catch {
            fault = error
            outboxWake.close()
            throw error
        }
    }

    private func write(_ step: Step) throws {
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
            feed.publish(.event(event))
        }
        for (id, rollout) in underWay where rollout.state.phase.isEnded {
            underWay[id] = nil
            if let view = try? view(of: id) { feed.publish(.rollout(view)) }
        }
        outboxWake.put(())
    }

    /// Id of the last event that was handed to the feed.
    private var lastEvent: Int64 = 0

    /// Tells whoever listens how the rollouts are.
    private func publishViews() {
        guard feed.listeners > 0 else { return }
        for id in underWay.keys.sorted() {
            if let view = try? view(of: id) { feed.publish(.rollout(view)) }
        }
    }
}
