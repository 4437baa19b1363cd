public import Contract
public import DefragTypes

/// What came of a job, host by host, for a table or for JSON.
public struct JobSummary: Codable, Hashable, Sendable {
    /// The job's id.
    public var job: String
    /// The hosts, in the order of the request.
    public var hosts: [Host]

    /// What came of one host.
    public struct Host: Codable, Hashable, Sendable {
        /// The host.
        public var host: HostName
        /// How it ended.
        public var status: Status
        /// Why, where the status is `lost`.
        public var message: String?
        /// Its files, the most fragmented first.
        public var files: [DefragResult]
        /// How many files the patterns matched, those that lie well included.
        public var matched: Int
        /// What the survey could not look at.
        public var problems: [String]
    }

    /// How a host ended.
    public enum Status: String, Codable, Hashable, Sendable {
        /// All of its files are dealt with.
        case finished
        /// The job was stopped before that.
        case stopped
        /// It did not answer, or not any more.
        case lost
    }

    /// The summary of `job`, as it stands.
    public init(_ job: Job) {
        self.job = job.request.id
        hosts = job.hosts.map { name, work in
            let (status, message): (Status, String?) =
                switch work.phase {
                case .finished: (.finished, nil)
                case .lost(let why): (.lost, why)
                case .asked, .surveying, .working, .stopped: (.stopped, nil)
                }
            return Host(
                host: name, status: status, message: message, files: work.files.map(\.outcome),
                matched: work.matched,
                problems: work.problems)
        }
    }

    /// Exit status of the whole: something failed (that no file matches anywhere is a failure, too), before a lack
    /// of permission, before stopped early, before all done.
    public var exitStatus: ExitStatus {
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

extension FileWork {
    /// The slices taken together; for a file that no slice has reached, a partial result that starts at zero.
    fileprivate var outcome: DefragResult {
        if let result { return result }
        var untouched = DefragResult(
            path: survey.path, status: .partial, reason: .interrupted,
            message: "not reached before the end of the job")
        untouched.inode = survey.inode
        untouched.size = survey.size
        untouched.nextOffset = .zero
        untouched.extents = .init(before: survey.statistics.extents, after: survey.statistics.extents)
        return untouched
    }
}
