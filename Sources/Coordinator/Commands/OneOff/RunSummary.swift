import Contract
import DefragTypes
import ReflowAPI
import Rollout

/// What came of a `reflow run`, host by host, for a table or for JSON.
struct RunSummary: Codable, Hashable, Sendable {
    /// The rollout's id.
    var job: String
    /// The hosts, in the order of their names.
    var hosts: [Host]

    /// What came of one host.
    struct Host: Codable, Hashable, Sendable {
        /// The host.
        var host: HostName
        /// How it ended.
        var status: Status
        /// Why, where the status is `lost`.
        var message: String?
        /// Its files, the one with the most to gain first.
        var files: [DefragResult]
        /// How many files the patterns matched, those that lie well included.
        var matched: Int
        /// What the survey could not look at.
        var problems: [String]
    }

    /// How a host ended.
    enum Status: String, Codable, Hashable, Sendable {
        /// All of its files are dealt with.
        case finished
        /// It was stopped before that.
        case stopped
        /// It could not be asked, did not answer, or not any more.
        case lost
    }

    /// Exit status of the whole: something failed (that no file matches anywhere is a failure, too), before a lack
    /// of permission, before stopped early, before all done.
    var exitStatus: ExitStatus {
        let files = hosts.flatMap(\.files)
        if hosts.contains(where: { $0.status == .lost || !$0.problems.isEmpty })
            || files.contains(where: { $0.status == .failed })
        {
            return .failed
        }
        // A misspelt pattern.
        if hosts.allSatisfy({ $0.status == .finished && $0.matched == 0 }) { return .failed }
        if files.contains(where: { $0.reason == .notPermitted }) { return .notPermitted }
        let later: [Reason?] = [.busy, .fileReplaced]
        if hosts.contains(where: { $0.status == .stopped })
            || files.contains(where: { $0.status == .partial || later.contains($0.reason) })
        {
            return .stoppedEarly
        }
        return .success
    }
}

extension RunSummary.Host {
    init(_ row: Store.HostRow, _ files: [DefragResult]) {
        let status: RunSummary.Status =
            switch row.state.phase {
            case .finished: .finished
            case .givenUp: .lost
            case .surveying, .waiting, .active: .stopped
            }
        self.init(
            host: row.name, status: status, message: row.state.givenUp, files: files,
            matched: row.state.matched, problems: row.state.problems)
    }
}

extension TargetStatus {
    /// What came of it: its slices taken together, and where that is not all, how it was ended.
    func outcome(inode: UInt64) -> DefragResult {
        var outcome = result ?? untouched(inode)
        if state == .failed, let reason, outcome.status != .failed || outcome.reason != reason {
            outcome.status = .failed
            outcome.reason = reason
            outcome.message = reason.explanation ?? reason.description
        }
        return outcome
    }

    private func untouched(_ inode: UInt64) -> DefragResult {
        var untouched = DefragResult(
            path: path, status: .partial, reason: .interrupted,
            message: "not reached before the end of the job")
        untouched.inode = inode
        untouched.size = size
        untouched.nextOffset = .zero
        untouched.extents = .init(before: extents, after: extents)
        return untouched
    }
}

extension Reason {
    /// What a rollout means by it, in words; `nil` for those that hosts give.
    var explanation: String? {
        switch self {
        case .undeliverable: "its slices could not be delivered, several times in a row"
        case .notAsSurveyed:
            "its host refuses what it found itself: do two workers speak under its name, or have its roots or mounts changed?"
        case .noAnswer: "its slices were not answered, several times in a row"
        case .deadLettered: "the worker could not handle its slices, several times in a row"
        case .noHeadway: "several slices in a row made no headway"
        case .hostLost: "its host was lost, and did not return"
        default: nil
        }
    }
}
