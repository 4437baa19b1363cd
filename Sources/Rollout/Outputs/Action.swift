public import Contract
public import DefragTypes
public import Foundation

extension Rollout {
    /// An output of the state machine: what the caller has to do.
    public enum Action: Sendable {
        /// Publish a survey to a host, with this message id.
        case survey(HostName, task: String)
        /// Publish a slice of a target, with this message id. `notAfter` is when the window ends, `unshareBudget` what is left of it
        /// for this file.
        case slice(
            target: Int, task: String, from: ByteCount, seconds: Double, notAfter: Date?,
            unshareBudget: ByteCount?)
        /// Publish the desired state of a host.
        case desire(HostName, DesiredState.Mode, PolicyOverrides)
        /// Store the targets that a survey found; their numbers are consecutive and begin at `first`.
        case add(first: Int, HostName, [FileSurvey])
        /// Store a page of a host's survey, in place of one with the same number; it may be needed after a restart.
        case keepPage(HostName, SurveyPage)
        /// Delete the stored pages of a host: the survey is complete, or another one was requested.
        case forgetPages(HostName)
        /// Store the result of a slice, and what the next one is to be given, in place of what the one before was.
        case account(target: Int, DefragResult, SliceState?)
        /// Add an event to the operators' log.
        case announce(Announcement)
    }
}
