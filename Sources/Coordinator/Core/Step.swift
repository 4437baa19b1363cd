import Contract
import DefragTypes
import Foundation
import ReflowAPI
import Rollout

/// What a registry wants done: carried out by the core in this order, and stored as a part of the step that has caused it.
enum Effect {
    /// Write something, after what has changed in the rollouts.
    case store((WriteTransaction) throws -> Void)
    /// Hand what a host has said to everybody whom it concerns; whether a second worker speaks under its name.
    case believed(HostName, HostEvent, hasTwin: Bool)
    /// Have a task published to a host, under this id.
    case send(id: String, HostName, isSurvey: Bool, (ReadTransaction) throws -> HostTask)
    /// Hand an event to every rollout.
    case rollouts(Rollout.Event)
    /// A task came to nothing: why, as a sentence about its host.
    case taskFailed(String, HostName, why: String)
    /// Say what is wanted of a host from now on.
    case desire(HostName, DesiredState.Mode, PolicyOverrides)

    /// Adds an event to the log.
    static func tell(
        _ type: String, _ text: String, rollout: String? = nil, host: HostName? = nil, subject: String? = nil,
        at now: Date
    ) -> Effect {
        .store { try $0.log(type, text, rollout: rollout, host: host, subject: subject, at: now) }
    }
}

/// What one step of the ``Core`` has decided: stored as one, or not at all.
struct Step {
    /// When it is taken.
    let now: Date
    /// What is written, in order, after what has changed in the rollouts.
    private(set) var writes: [(WriteTransaction) throws -> Void] = []
    /// What is as it was before, if it cannot be stored.
    let before: Unstored?

    init(at now: Date, before: Unstored? = nil) {
        self.now = now
        self.before = before
    }

    /// Adds something to be written.
    mutating func write(_ write: @escaping (WriteTransaction) throws -> Void) {
        writes.append(write)
    }
}
