import Contract
import DefragTypes
import Rollout

/// What some events have changed in a rollout, as values: it is stored while the rollout itself goes on.
struct RolloutDelta: Sendable {
    /// The rollout's id.
    let rollout: String
    /// Its state, if that has changed.
    var state: Rollout.State?
    /// Hosts that have changed, by their places.
    var hosts: [(place: Int, state: RolloutHost.State)] = []
    /// Targets that were found.
    var found: [Found] = []
    /// Targets that were there before and have changed, by their numbers.
    var targets: [(number: Int, target: Target)] = []
    /// What becomes of the pages of surveys, in order.
    var pages: [PageChange] = []
    /// How slices have ended, in their order.
    var results: [(target: Int, result: DefragResult, state: SliceState?)] = []

    /// The targets that one host's survey has found, as they are now.
    struct Found: Sendable {
        /// Number of the first.
        var first: Int
        /// What the survey said of each.
        var files: [FileSurvey]
        /// As many, in the same order.
        var targets: [Target]
    }

    /// What becomes of the pages of a host's survey.
    enum PageChange: Sendable {
        case keep(HostName, SurveyPage)
        case forget(HostName)

        fileprivate var host: HostName {
            switch self {
            case .keep(let host, _), .forget(let host): host
            }
        }
    }

    /// Whether there is nothing to store.
    var isEmpty: Bool {
        state == nil && hosts.isEmpty && found.isEmpty && targets.isEmpty && pages.isEmpty && results.isEmpty
    }
}

extension Rollout {
    /// What has changed since this was last asked, given all that was decided since.
    mutating func takeDelta(after actions: [Action]) -> RolloutDelta {
        let changes = takeChanges()
        var delta = RolloutDelta(rollout: id, state: changes.isStateChanged ? state : nil)
        delta.hosts = changes.hosts.sorted().map { ($0, hosts[$0].state) }
        var known = changes.targets
        for action in actions {
            switch action {
            case .add(let first, _, let files):
                let numbers = first..<first + files.count
                // Copied: the rollout's array would be copied at the next change while this is being stored.
                delta.found.append(.init(first: first, files: files, targets: Array(targets[numbers])))
                known.subtract(numbers)
            case .account(let target, let result, let state):
                delta.results.append((target, result, state))
            case .keepPage(let host, let page): delta.pages.append(.keep(host, page))
            case .forgetPages(let host):
                // What has come since the last step need not be stored first.
                delta.pages.removeAll { $0.host == host }
                delta.pages.append(.forget(host))
            case .survey, .slice, .desire, .announce: break
            }
        }
        delta.targets = known.sorted().map { ($0, targets[$0]) }
        return delta
    }
}
