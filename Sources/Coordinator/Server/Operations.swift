import Contract
import ReflowAPI
import Rollout

/// What the API needs of the coordinator's core. The API translates between HTTP and these calls, and decides nothing.
///
/// Everything throws ``OperationError`` where the caller is to be told what is wrong; any other error is a failure of ours.
/// `who` is the person or program that wants something, for the audit. An ``Order`` with a key is carried out once: given again, it
/// is answered as it was, and with another body refused.
protocol Operations: Sendable {
    /// What happens, as it happens; closed when the core ends.
    var feed: Feed { get }

    /// How the core is; asked without waiting for it.
    nonisolated var health: CoreHealth { get }

    /// Every host that is known, in the order of their names.
    func hosts() async throws -> [HostStatus]
    /// Forgets a host that is lost or was never heard, and of which no rollout expects anything.
    func forget(_ host: HostName, by who: String) async throws

    /// Keeps a host from working, whatever rollouts want, until it is released.
    func hold(_ host: HostName, why: String, by who: String) async throws -> HostStatus
    /// Lets a host work again as far as operators are concerned.
    func release(_ host: HostName, why: String, by who: String) async throws -> HostStatus

    /// Asks hosts what they have. Returns at once; ``survey(_:)`` tells how far it is.
    func startSurvey(_ request: SurveyRequest, by who: String) async throws -> Started
    /// A survey, as far as it is.
    func survey(_ id: String) async throws -> SurveyStatus

    /// Asks the hosts that the specification means what they have, and works out what would be done. Returns at once;
    /// ``plan(_:)`` tells how far it is.
    func startPlan(spec: String, by who: String) async throws -> Started
    /// A plan, as far as it is.
    func plan(_ id: String) async throws -> PlanStatus

    /// Begins a rollout; where one of that name is under way, only with `again`.
    func startRollout(spec: String, again: Bool, by who: String) async throws -> RolloutStatus
    /// All rollouts, the newest first.
    func rollouts() async throws -> [RolloutStatus]
    /// The id of the rollout that an operator means: by its id, by an id's beginning that no other has, or by its name. Of several
    /// with that name, the newest that has not ended, or else the newest.
    func rolloutID(_ text: String) async throws -> String
    /// One rollout.
    func rollout(_ id: String) async throws -> RolloutStatus
    /// The hosts of a rollout, in the order in which they have their turn.
    func hosts(ofRollout id: String) async throws -> [RolloutHostStatus]
    /// Targets of a rollout, in the order of their numbers; `next` is the number after which the next page begins.
    func targets(ofRollout id: String, _ query: TargetQuery) async throws -> Listing<TargetStatus>
    /// Sends nothing more; what runs stops at the end of its chunk.
    func pause(_ id: String, by who: String) async throws -> RolloutStatus
    /// Goes on, and forgives the failures so far.
    func resume(_ id: String, by who: String) async throws -> RolloutStatus
    /// Ends a rollout, leaving what is not done.
    func cancel(_ id: String, by who: String) async throws -> RolloutStatus
    /// Changes the policy from now on, also of what runs: settings by their keys, in the texts of the command line.
    func set(_ settings: [String: String], ofRollout id: String, by who: String) async throws -> RolloutStatus
    /// Tries failed files again, also of a rollout that is completed with failures: how many.
    func retry(_ failed: Rollout.Failed, ofRollout id: String, by who: String) async throws -> Retried

    /// What could not be handled, the newest first, without bodies.
    func deadLetters() async throws -> [KeptDeadLetter]
    /// One dead letter, with its body.
    func deadLetter(_ id: String) async throws -> KeptDeadLetter
    /// Sends a dead letter again to where it came from.
    func requeueDeadLetter(_ id: String, by who: String) async throws
    /// Forgets a dead letter.
    func dropDeadLetter(_ id: String, by who: String) async throws

    /// Puts on record that somebody was refused, as far as that can be stored. `what` is the request.
    func noteRefusal(of who: String, _ what: String, _ detail: [String: String]) async

    /// Events of the log, in the order of their ids: with `after` the first ones after it, otherwise the newest.
    func events(_ query: EventQuery) async throws -> [LoggedEvent]
    /// Who did what, the newest first; `next` is the id before which the next page begins.
    func audit(before: Int64?, limit: Int) async throws -> Listing<AuditEntry>
}

/// Why something was not done, for whoever wanted it.
enum OperationError: Error, Hashable, Sendable {
    /// There is no such thing; a sentence that names it.
    case notFound(String)
    /// It makes no sense as things stand; a sentence that says why.
    case conflict(String)
    /// A rollout of that name is under way; a sentence that names it.
    case underWay(String)
    /// A key was used for another order; a sentence that says so.
    case keyReused(String)
    /// The broker is away, and without it nothing comes of this; a sentence that says why.
    case brokerAway(String)
    /// The coordinator stands still, or can store nothing; a sentence that says why and what to do.
    case stalled(String)
    /// A value of the request is wrong; a sentence that names it and says what is right.
    case invalid(String)
    /// A specification has these problems, at least one.
    case invalidSpec([SpecProblem])

    /// A rollout is set aside: why, and what to do.
    static func setAside(_ rollout: String, _ why: String) -> Self {
        .conflict(
            "the rollout \(rollout) is set aside, and nothing of it goes on: \(why). It is tried again when the coordinator is started again; another rollout with the same specification does what is left"
        )
    }
}
