public import Contract
public import Foundation

extension Rollout {
    /// An input of the state machine.
    public enum Event: Sendable {
        /// The rollout begins.
        case start
        /// A believed event of a host; with `hasTwin` a second worker speaks under its name, and may be the one that answers.
        case heard(HostName, HostEvent, hasTwin: Bool = false)
        /// A host has been silent for the fleet's `lostAfter`.
        case lost(HostName)
        /// A lost host was heard.
        case returned(HostName)
        /// An operator holds a host, or has released it.
        case held(HostName, Bool)
        /// The broker could not route a task to its host. The reason is the predicate of a sentence about the host.
        case undeliverable(task: String, HostName, String)
        /// A task of a host was dead-lettered.
        case deadLettered(task: String, HostName, reason: String)
        /// Hosts can be heard again: the broker was away. All timers restart.
        case reconnected
        /// The queue with the hosts' answers was lost and is there again: what was in it will not come.
        case answersLost
        /// The clock has leapt, or the process stood still, for so many seconds; backwards if negative.
        case leapt(by: TimeInterval)
        /// The clock was set by so many seconds, back if negative; `leapt` says what that means for waits.
        case clockSet(by: TimeInterval)
        /// Time has passed in which hosts could be heard; about once a second. Timeouts expire at a tick only.
        case tick
    }
}
