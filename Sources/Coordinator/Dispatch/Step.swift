import Foundation
import Rollout

/// What one step of the ``Core`` has decided: stored as one, or not at all.
struct Step {
    /// When it is taken.
    let now: Date
    /// What rollouts have decided, by their ids, in order.
    private(set) var actions: [String: [Rollout.Action]] = [:]
    /// What else is written, in order, after what has changed in the rollouts.
    private(set) var writes: [(WriteTransaction) throws -> Void] = []

    init(at now: Date) {
        self.now = now
    }

    /// Adds what a rollout has decided.
    mutating func add(_ decided: [Rollout.Action], of rollout: String) {
        actions[rollout, default: []] += decided
    }

    /// Adds something to be written.
    mutating func write(_ write: @escaping (WriteTransaction) throws -> Void) {
        writes.append(write)
    }
}
