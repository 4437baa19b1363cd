import BrokerKit
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
/// It has a thread of its own and never waits within a step but for the store: no two steps interleave. A step that the store
/// cannot take leaves memory ahead of it, so memory is made anew from the store before the next one.
actor Core {
    let store: Store
    let log: Logger
    /// Tells the time.
    let clock: @Sendable () -> Date
    /// Seconds on the clock that nobody sets.
    let uptime: @Sendable () -> TimeInterval
    /// Tells its listeners what happens.
    nonisolated let feed = Feed()
    /// Tells the publisher that there may be something to publish.
    nonisolated let outboxWake = Mailbox<Void>()
    /// What is being published.
    nonisolated let publications = Publications()
    /// How it is, for those who must not wait for it.
    nonisolated let health = CoreHealth(
        missing: Dictionary(
            uniqueKeysWithValues: BrokerLink.allCases.map { (.link($0), "the broker was not reached yet") }))
    /// Tasks whose answers are waited for.
    nonisolated let awaited: AwaitedTasks

    var fleet: HostRegistry
    var underWay = RolloutRegistry()
    var surveys = SurveyRegistry()
    var desired = DesiredStates()
    var complaints = ComplaintRegistry()
    /// How long what is over is kept, and when the store was last pruned.
    let retention: Store.Retention
    var pruning = Pruning()
    /// Whether the clock was set.
    var clockWatch = ClockWatch()
    /// Whether the clock of the process before was looked at.
    var isClockResumed = false
    /// Whether the broker was found away: hosts may have spoken to nobody.
    var wasAway = false
    /// Queues that were consumed, and cannot be any more.
    var lostQueues: Set<String> = []
    /// Whether the broker was ever there.
    var wasReached = false
    /// Whether this process is the only coordinator of its virtual host.
    var holdsLease = false
    /// Whether another coordinator is at work.
    var isStandby = false
    /// Whether memory is ahead of the store, or has yet to be read from it.
    var isStale = true
    /// What can be worked with, or cannot, while the step that says so has yet to be stored: whether it was there before.
    var unsaid: [Dependency: Bool] = [:]
    /// Rollouts that this process goes on without, and why.
    var setAside: [String: String] = [:]
    /// Those of which nobody has been told yet, and why.
    var untold: [String: any Error] = [:]
    /// Since when the store takes nothing; `nil` while it does.
    var storeAwaySince: ContinuousClock.Instant?
    /// Id of the last event of the log that was handed to the feed.
    var lastEvent: Int64 = 0

    private let executor = SerialQueueExecutor("reflow.core")
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// A core that knows nothing yet but what is in `store`: see ``resume()``. One of `reflow run` is for that job alone.
    init(
        store: Store, fleet: Fleet, retention: Store.Retention = .init(), job: JobID? = nil, log: Logger,
        clock: @escaping @Sendable () -> Date = { Date() },
        uptime: @escaping @Sendable () -> TimeInterval = { ClockReading.uptime }
    ) {
        self.store = store
        awaited = AwaitedTasks(of: job)
        self.retention = retention
        self.clock = clock
        self.uptime = uptime
        self.log = log
        self.fleet = HostRegistry(fleet)
    }

    // MARK: - Inputs

    /// Takes in what has happened, as one step.
    ///
    /// - Throws: what the store throws; nothing of it is stored then, and no message forgotten by the broker.
    func step(_ inputs: [CoreInput], at now: Date) throws {
        try health.during(.deciding) {
            var step = try newStep(at: now)
            let messages = inputs.compactMap(\.message)
            var known: Set<SeenMessage> = []
            // What is said again in seconds has no message to be recognised: most steps have nothing for the store.
            if !messages.isEmpty {
                known = try read { read in
                    Set(try messages.filter { try read.isSeen(source: $0.source, id: $0.id) })
                }
                step.write {
                    for message in messages {
                        _ = try $0.isNew(source: message.source, id: message.id, at: now)
                    }
                }
            }
            for input in inputs {
                if let message = input.message, !known.insert(message).inserted { continue }
                take(input, &step)
            }
            try commit(step)
            for input in inputs { input.receipt?.settle() }
            // Once it is stored: a view takes sums from the store, the rest from here.
            if inputs.contains(where: \.isTick) { publishViews() }
        }
    }

    private func take(_ input: CoreInput, _ step: inout Step) {
        let now = step.now
        switch input {
        case .heard(let host, let event, _, _):
            carryOut(fleet.heard(host, event, at: now), &step)
        case .dead(let letter, let host, let receipt):
            keep(letter, receipt, &step)
            guard let host, let task = letter.messageID else { break }
            awaited.remove(task, of: host)
            carryOut([.rollouts(.deadLettered(task: task, host, reason: letter.why))], &step)
            surveys.failed(task: task, host, "could not handle the survey: \(letter.why)")
        case .refused(let complaint, _): carryOut(complaints.add(complaint, at: now), &step)
        case .dropped(let dropped): carryOut(complaints.add(dropped: dropped, at: now), &step)
        case .away(let dependency, let why): away(dependency, why, &step)
        case .back(let dependency): back(dependency, &step)
        case .lost(let part, let host, let words):
            carryOut([.tell("broker.\(part.kind)Lost", words, host: host, at: now)], &step)
        case .warnings(let warnings): take(warnings: warnings, &step)
        case .tick:
            watchClock(&step)
            carryOut(fleet.writeNotes(at: now), &step)
            // Without the broker, silence says nothing, and no answer can come.
            if brokerTrouble == nil { carryOut(fleet.tick(at: now) + [.rollouts(.tick)], &step) }
            carryOut(complaints.tick(at: now), &step)
            prune(&step)
        }
    }

    /// Keeps a message that could not be handled.
    func keep(_ letter: DeadLetter, _ receipt: CoreInput.Receipt?, _ step: inout Step) {
        let now = step.now
        let complaint = Complaint(
            subject: .init(
                account: receipt?.account, host: letter.host,
                kind: letter.reason == DeadLetter.quarantined ? .quarantined : .deadLetter),
            detail: letter.why)
        pruning.hasLetters = true
        carryOut([.store { try $0.keep(letter, at: now) }] + complaints.add(complaint, at: now), &step)
    }

    /// Carries out what registries have decided.
    func carryOut(_ effects: [Effect], _ step: inout Step) {
        for effect in effects {
            switch effect {
            case .store(let write): step.write(write)
            case .believed(let host, let event, let hasTwin):
                if case .hostState(let state) = event {
                    carryOut(desired.heard(host, state, at: step.now), &step)
                }
                surveys.heard(host, event)
                if let task = event.answeredTask { awaited.remove(task, of: host) }
                carryOut(underWay.handle(.heard(host, event, hasTwin: hasTwin), at: step.now), &step)
            case .rollouts(let event): carryOut(underWay.handle(event, at: step.now), &step)
            case .send(let id, let host, let isSurvey, let task):
                awaited.add(id, of: host, isSurvey: isSurvey)
                step.write { try $0.send(task($0.read), id: id, to: host) }
            case .taskFailed(let task, let host, let why):
                awaited.remove(task, of: host)
                carryOut(underWay.handle(.undeliverable(task: task, host, why), at: step.now), &step)
                surveys.failed(task: task, host, why)
            case .desire(let host, let mode, let policy):
                let said = fleet[host]?.state
                carryOut(desired.desire(host, mode, policy, said: said, at: step.now), &step)
            }
        }
    }
}

extension HostEvent {
    /// The task that it is the last answer to.
    fileprivate var answeredTask: String? {
        switch self {
        case .sliceFinished(let answer): answer.task
        case .surveyFinished(let end): end.task
        case .surveyPage, .hostState, .progress, .unknown: nil
        }
    }
}
