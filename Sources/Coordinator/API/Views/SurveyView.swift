import Contract
import DefragTypes

/// What is asked of hosts.
struct SurveyRequest: Codable, Hashable, Sendable {
    /// Which hosts; at least one.
    var hosts: [HostName]
    /// Absolute paths with wildcards; at least one.
    var paths: [String]
    /// Files with fewer extents are left out.
    var minExtents: Int?
    /// Smaller files are left out, in bytes.
    var minSize: ByteCount?
    /// Most files wanted of each host, those with the most to gain.
    var top: Int

    /// Files that may be wanted of all hosts together: they are held in memory.
    static let mostFiles = 200_000
    /// Files that are wanted at most.
    var files: Int { hosts.count * top }
}

/// A survey of several hosts, as far as it is.
struct SurveyView: Codable, Hashable, Sendable {
    /// Its id.
    var id: String
    /// Whether nothing more is expected of any host.
    var isComplete: Bool
    /// The hosts, in the order of their names.
    var hosts: [Host]

    /// What one host has.
    struct Host: Codable, Hashable, Sendable {
        /// Its name.
        var name: HostName
        /// How far it is.
        var state: State
        /// Why it failed; `nil` unless it has.
        var message: String?
        /// How many files the patterns matched.
        var matched: Int
        /// What it could not look at, in words.
        var problems: [String]
        /// The files, the ones with the most to gain first; none before all hosts have ended.
        var files: [FileSurvey]
        /// All files together, also those that are not among `files`; `nil` before the end.
        var summary: SurveySummary?

        /// A host that was asked.
        init(
            name: HostName, state: State = .asked, message: String? = nil, matched: Int = 0,
            problems: [String] = [], files: [FileSurvey] = [], summary: SurveySummary? = nil
        ) {
            self.name = name
            self.state = state
            self.message = message
            self.matched = matched
            self.problems = problems
            self.files = files
            self.summary = summary
        }
    }

    /// How far a host is.
    enum State: String, Codable, Hashable, Sendable {
        /// It was asked, and has not answered.
        case asked
        /// It has begun to answer.
        case answering
        /// That is all.
        case finished
        /// It is not there, or could not do it.
        case failed
    }
}
