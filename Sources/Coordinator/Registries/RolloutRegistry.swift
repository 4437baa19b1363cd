import Contract
import DefragTypes
import Foundation
import Rollout

/// The rollouts that have not ended.
struct RolloutRegistry {
    private(set) var rollouts: [String: Rollout] = [:]
    /// What they have decided since ``takeDeltas()``, in order.
    private var decided: [String: [Rollout.Action]] = [:]

    subscript(_ id: String) -> Rollout? { rollouts[id] }

    /// Their ids, the oldest first.
    var ids: [String] { rollouts.keys.sorted() }

    /// The newest rollout called `name`, apart from `id` and from plans; `nil` if there is none.
    func namesake(of name: String, besides id: String? = nil) -> String? {
        rollouts.values.filter { $0.state.spec.name == name && !$0.state.isPlanOnly && $0.id != id }
            .map(\.id).max()
    }

    /// A rollout that the store holds; operators hold hosts of the names `held`.
    mutating func resume(_ stored: Rollout, held: Set<HostName>, at now: Date) -> [Effect] {
        var rollout = stored
        rollout.hold(held)
        rollouts[rollout.id] = rollout
        return effects(of: rollouts[rollout.id]?.continueAfterRestart(at: now) ?? [], rollout.id, at: now)
    }

    /// One that has ended: a command may make it go on; operators hold hosts of the names `held`.
    mutating func reopen(_ ended: Rollout, held: Set<HostName>) {
        var rollout = ended
        rollout.hold(held)
        rollouts[ended.id] = rollout
    }

    /// A new one. `lost` are those of its hosts that are lost already, `held` those that operators hold; `text` is what it was
    /// read from.
    mutating func begin(
        _ new: Rollout, text: String, lost: [HostName], held: Set<HostName>, at now: Date
    ) -> [Effect] {
        var rollout = new
        rollout.hold(held)
        var actions = rollout.handle(.start, at: now)
        for host in lost { actions += rollout.handle(.lost(host), at: now) }
        // Stored as a whole, as it is by now.
        _ = rollout.takeChanges()
        rollouts[rollout.id] = rollout
        return [.store { [rollout] in try $0.insert(rollout, text: text, at: now) }]
            + effects(of: actions, rollout.id, at: now)
    }

    /// Hands an event to every rollout, the oldest first.
    mutating func handle(_ event: Rollout.Event, at now: Date) -> [Effect] {
        ids.flatMap { handle(event, of: $0, at: now) }
    }

    /// Hands an event to one rollout.
    mutating func handle(_ event: Rollout.Event, of id: String, at now: Date) -> [Effect] {
        let isTaken = isTaken(excluding: id)
        return effects(of: rollouts[id]?.handle(event, at: now, isTaken: isTaken) ?? [], id, at: now)
    }

    /// Goes on without a rollout.
    mutating func forget(_ id: String) {
        rollouts[id] = nil
        decided[id] = nil
    }

    /// Carries out what an operator wants of a rollout.
    ///
    /// - Throws: `Rollout.Refused`.
    mutating func carryOut(_ command: Rollout.Command, on id: String, at now: Date) throws(Rollout.Refused)
        -> [Effect]
    {
        let isTaken = isTaken(excluding: id)
        let actions = try rollouts[id]?.carryOut(command, at: now, isTaken: isTaken) ?? []
        return effects(of: actions, id, at: now)
    }

    /// Whether another rollout than `id` works on a host.
    func isTaken(excluding id: String) -> (HostName) -> Bool {
        let others = rollouts.values.filter { $0.id != id }
        return { host in others.contains { $0.isAtWork(on: host) } }
    }

    /// What has changed in them since this was last asked.
    mutating func takeDeltas() -> [RolloutDelta] {
        defer { decided = [:] }
        return decided.compactMap { id, actions in
            guard let delta = rollouts[id]?.takeDelta(after: actions), !delta.isEmpty else { return nil }
            return delta
        }
    }

    /// Forgets those that have ended; returns their ids.
    mutating func takeEnded() -> [String] {
        let ended = rollouts.filter(\.value.state.phase.isEnded).keys.sorted()
        for id in ended { rollouts[id] = nil }
        return ended
    }

    /// Notes what a rollout has decided; what it comes to.
    private mutating func effects(of actions: [Rollout.Action], _ id: String, at now: Date) -> [Effect] {
        decided[id, default: []] += actions
        guard let rollout = rollouts[id] else { return [] }
        return actions.flatMap { rollout.effects(of: $0, at: now) }
    }
}
