import Contract
import Foundation
import Logging
import ReflowAPI
import Rollout

/// Where the core meets its store: a step begins with a memory that is what the store says, and is stored as one.
extension Core {
    /// A step, from a memory that is what the store says.
    func newStep(at now: Date? = nil) throws -> Step {
        if isStale {
            do {
                // Far cheaper than all that is read for nothing, while the disk takes nothing.
                if storeAwaySince != nil { try health.during(.storing) { try store.probe() } }
                try resume()
            } catch  where StoreTrouble(error) == nil && !(error is StepTrouble) {
                throw StepTrouble.unreadable(error)
            }
        }
        return Step(at: now ?? clock(), before: unstored)
    }

    /// A step for what an operator wants: not begun where they have been told that nothing comes of it, nor while the disk takes
    /// nothing. First of all, so that what is decided by is as the store says.
    func newOrder() throws -> Step {
        if storeAwaySince != nil, let why = health[.store] {
            throw OperationError.stalled("\(why). Nothing was done")
        }
        let step = try newStep()
        guard let order = Order.current else { return step }
        // A disk that is frozen keeps it here, where it can still be withdrawn, and not halfway through being stored.
        try health.during(.storing) { try store.probe() }
        guard order.begin() else { throw OperationError.stalled("the coordinator came to it too late") }
        return step
    }

    /// Stores a step, tells the feed's listeners, and has published what is to be.
    func commit(_ step: Step) throws {
        let deltas = underWay.takeDeltas()
        guard !deltas.isEmpty || !step.writes.isEmpty else { return fleet.stored() }
        let before = lastEvent
        let events: [LoggedEvent]
        do {
            events = try health.during(.storing) {
                try store.writeNow { write in
                    for delta in deltas {
                        do { try write.apply(delta, at: step.now) } catch  where StoreTrouble(error) == nil {
                            throw StepTrouble.rollout(delta.rollout, error)
                        }
                    }
                    for work in step.writes { try work(write) }
                    return try write.read.events(.init(after: before, limit: .max))
                }
            }
        } catch {
            isStale = true
            if let before = step.before { restore(before) }
            // Also where it was an operator's order, which is not tried again.
            if let trouble = StoreTrouble(error) { storeIsAway(trouble) }
            throw error
        }
        untold = [:]
        fleet.stored()
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

    /// Looks at the store.
    func read<Value>(_ work: (ReadTransaction) throws -> Value) throws -> Value {
        try health.during(.storing) { try store.readNow(work) }
    }

    /// Goes on with what the store holds: hosts, rollouts, what was not published. Memory is as the store says then, but for what
    /// nobody stores: when hosts were heard, and what was refused.
    func resume() throws {
        let now = clock()
        var step = Step(at: now, before: unstored)
        underWay = RolloutRegistry()
        desired = DesiredStates()
        let unfinished = try read { read in
            let hosts = try read.fleet()
            fleet.resume(hosts, at: now)
            for host in hosts { desired.resume(host.name, host.desired) }
            lastEvent = try read.lastEventID()
            return try read.unfinishedRollouts()
        }
        for id in unfinished where setAside[id] == nil {
            do {
                let rollout = try read { try $0.restore(id, at: now) }
                // Those that were never heard are known from here alone.
                for host in rollout.hosts where !host.state.phase.isEnded {
                    fleet.expect(host.name, isLost: host.isLost, at: now)
                }
                carryOut(underWay.resume(rollout, held: desired.held, at: now), &step)
            } catch  where StoreTrouble(error) == nil {
                untold[id] = error
            }
        }
        for (id, cause) in untold { setAside(id, cause, &step) }
        if !isClockResumed { try resumeClock(&step) }
        awaitWhatIsInFlight(at: now)
        isStale = false
        try commit(step)
        isClockResumed = true
        // What was not published before.
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
        "broker.away", "broker.bindingLost", "broker.exchangeLost", "broker.queueLost", "coordinator.standby",
        "coordinator.clockSet", "coordinator.storeBack", "host.deaf", "host.givenUp", "host.lost",
        "host.twin", "message.dead",
        "message.ignored", "rollout.paused", "rollout.setAside",
    ]
}
