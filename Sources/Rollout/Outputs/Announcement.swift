public import Contract
public import DefragTypes

extension Rollout {
    /// An event for the operators.
    public enum Announcement: Hashable, Sendable {
        /// Every host has answered its survey, or is lost.
        case surveyed(targets: Int)
        /// A stage of the strategy has begun.
        case stage(Stage)
        /// The error budget is exceeded: the rollout pauses.
        case budgetExceeded(failures: Int, allowed: Int)
        /// Of so many attempts at so many hosts none was answered: the rollout pauses, as the answers do not arrive. So many of them
        /// could not even be delivered.
        case unanswered(attempts: Int, undeliverable: Int = 0, hosts: Int)
        /// An attempt at a target failed: after it there is a wait, or the target has ended. `why` is more than the reason says, in
        /// words.
        case attemptFailed(target: Int, attempt: Int, of: Int, reason: Reason, why: String? = nil)
        /// A target has ended.
        case targetEnded(Int)
        /// A host was given a slot.
        case hostBegan(HostName)
        /// All targets of a host have ended.
        case hostFinished(HostName)
        /// A host is lost, has returned, was given up. The text is the predicate of a sentence about the host.
        case hostLost(HostName)
        case hostReturned(HostName)
        case hostGivenUp(HostName, String)
        /// A maintenance window has opened or closed.
        case windowOpened
        case windowClosed
        /// The rollout has ended.
        case ended(Phase)
    }
}
