import Contract
import DefragTypes
import Foundation
import Logging
import ReflowAPI
import Rollout

/// The coordinator: holds what is true, in memory and in the store. What follows from an input, registries decide.
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

    var fleet: HostRegistry
    var underWay = RolloutRegistry()
    var surveys = SurveyRegistry()
    var desired = DesiredStates()
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
    /// Id of the last event of the log that was handed to the feed.
    private var lastEvent: Int64 = 0

    private let executor = SerialQueueExecutor("reflow.core")
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// A core that knows nothing yet but what is in `store`: see ``resume()``.
    init(
        store: Store, fleet: Fleet, retention: Store.Retention = .init(), log: Logger,
        clock: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.store = store
        self.retention = retention
        self.clock = clock
        self.log = log
        self.fleet = HostRegistry(fleet)
    }

    /// Goes on with what the store holds: hosts, rollouts, what was not published.
    func resume() throws {
        let now = clock()
        let ids = try store.readNow { read in
            for host in try read.fleet() {
                fleet.resume(host, at: now)
                desired.resume(host.name, host.desired)
            }
            lastEvent = try read.lastEventID()
            return try read.unfinishedRollouts()
        }
        var step = Step(at: now)
        for id in ids {
            let rollout = try store.readNow { try $0.restore(id, at: now) }
            // Those that were never heard are known from here alone.
            for host in rollout.hosts where !host.state.phase.isEnded {
                fleet.expect(host.name, isLost: host.isLost, at: now)
            }
            carryOut(underWay.resume(rollout, at: now), &step)
            log.info("resumed", metadata: ["rollout": "\(id)"])
        }
        try commit(step)
        // What was not published before the restart.
        outboxWake.put(())
    }

    // MARK: - Inputs

    /// Takes in what has happened, as one step.
    func take(_ inputs: [CoreInput], at time: Date? = nil) throws {
        let now = time ?? clock()
        var step = Step(at: now)
        let messages = inputs.compactMap(\.message)
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
        for input in inputs {
            if let message = input.message, !known.insert(message).inserted { continue }
            take(input, &step)
        }
        try commit(step)
        for input in inputs { input.settlement?.settle() }
        // Once it is stored: a view takes sums from the store, the rest from here.
        if inputs.contains(where: \.isTick) { publishViews() }
    }

    private func take(_ input: CoreInput, _ step: inout Step) {
        let now = step.now
        switch input {
        case .heard(let host, let event, _, _):
            carryOut(fleet.heard(host, event, at: now), &step)
        case .dead(let letter, let host, _):
            carryOut(
                [
                    .store { try $0.keep(letter, at: now) },
                    .tell(
                        "message.dead", "a message could not be handled: \(letter.why)", host: letter.host,
                        at: now),
                ], &step)
            guard let host, let task = letter.messageID else { break }
            carryOut([.rollouts(.deadLettered(task: task, host, reason: letter.why))], &step)
            surveys.failed(task: task, host, "could not handle the survey: \(letter.why)")
        case .ignored(let why, _):
            // Once: whoever may not be believed goes on talking.
            guard ignored.count < Self.mostIgnored, ignored.insert(why).inserted else { return }
            carryOut([.tell("message.ignored", "ignored \(why)", at: now)], &step)
        case .brokerAway(let link, let why): brokerAway(link, why, &step)
        case .brokerBack(let link): brokerBack(link, &step)
        case .tick:
            carryOut(fleet.writeNotes(at: now), &step)
            // Without the broker, silence says nothing, and no answer can come.
            if brokerTrouble == nil { carryOut(fleet.tick(at: now) + [.rollouts(.tick)], &step) }
            prune(&step)
        }
    }

    /// Carries out what registries have decided.
    func carryOut(_ effects: [Effect], _ step: inout Step) {
        for effect in effects {
            switch effect {
            case .store(let write): step.write(write)
            case .believed(let host, let event):
                if case .hostState(let state) = event {
                    carryOut(desired.heard(host, state, at: step.now), &step)
                }
                surveys.heard(host, event)
                carryOut(underWay.handle(.heard(host, event), at: step.now), &step)
            case .rollouts(let event): carryOut(underWay.handle(event, at: step.now), &step)
            case .taskFailed(let task, let host, let why):
                carryOut(
                    underWay.handle(.undeliverable(task: task, host, why), at: step.now), &step)
                surveys.failed(task: task, host, why)
            case .desire(let host, let mode, let policy):
                let known = fleet[host]?.state?.generation ?? 0
                carryOut(desired.desire(host, mode, policy, known: known, at: step.now), &step)
            }
        }
    }

    /// Forgets, once an hour, what is so old that nobody asks for it.
    private func prune(_ step: inout Step) {
        let now = step.now
        guard now.timeIntervalSince(pruned) >= 3600 else { return }
        pruned = now
        surveys.prune(at: now)
        // What is left for another time goes at the next tick.
        step.write { if try $0.prune(self.retention, at: now, files: 2000) { self.pruned = .distantPast } }
    }

    /// Different messages that were not to be believed, at most: more are not told.
    private static let mostIgnored = 1000

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
        let deltas = underWay.takeDeltas()
        guard !deltas.isEmpty || !step.writes.isEmpty else { return }
        let before = lastEvent
        let events = try store.writeNow { write in
            for delta in deltas { try write.apply(delta, at: step.now) }
            for work in step.writes { try work(write) }
            return try write.read.events(.init(after: before, limit: .max))
        }
        for event in events {
            lastEvent = max(lastEvent, event.id)
            note(event)
            feed.publish(.event(event))
        }
        for id in underWay.takeEnded() {
            if let view = try? view(of: id) { feed.publish(.rollout(view)) }
        }
        outboxWake.put(())
    }

    /// Writes an event into the process's own log; how files end would be a line each.
    private func note(_ event: LoggedEvent) {
        guard !event.type.hasPrefix("target.") else { return }
        log.log(
            level: Self.warnings.contains(event.type) ? .warning : .info, "\(event.text)",
            metadata: event.rollout.map { ["rollout": "\($0)"] })
    }

    /// What somebody may have to see to.
    private static let warnings: Set = [
        "broker.away", "host.lost", "host.givenUp", "message.dead", "message.ignored", "rollout.paused",
    ]

    /// Tells whoever listens how the rollouts are.
    private func publishViews() {
        guard feed.listeners > 0 else { return }
        for id in underWay.ids {
            if let view = try? view(of: id) { feed.publish(.rollout(view)) }
        }
    }
}
