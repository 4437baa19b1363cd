public import Contract
public import DefragTypes

/// What is asked of hosts.
public struct SurveyRequest: Codable, Hashable, Sendable {
    /// Which hosts; at least one.
    public var hosts: [HostName]
    /// Absolute paths with wildcards; at least one.
    public var paths: [String]
    /// Files with fewer extents are left out.
    public var minExtents: Int?
    /// Smaller files are left out, in bytes.
    public var minSize: ByteCount?
    /// Most files wanted of each host, those with the most to gain.
    public var top: Int

    public init(
        hosts: [HostName], paths: [String], minExtents: Int? = nil, minSize: ByteCount? = nil, top: Int
    ) {
        (self.hosts, self.paths) = (hosts, paths)
        (self.minExtents, self.minSize, self.top) = (minExtents, minSize, top)
    }

    /// Files that may be wanted of all hosts together: they are held in memory.
    public static let mostFiles = 200_000
    /// Files that are wanted at most.
    public var files: Int { hosts.count * top }
}

/// A survey of several hosts, as far as it is.
public struct SurveyStatus: Codable, Hashable, Sendable {
    /// Its id.
    public var id: String
    /// Whether nothing more is expected of any host.
    public var isComplete: Bool
    /// The hosts, in the order of their names.
    public var hosts: [Host]

    public init(id: String, isComplete: Bool, hosts: [Host]) {
        (self.id, self.isComplete, self.hosts) = (id, isComplete, hosts)
    }

    /// What one host has.
    public struct Host: Codable, Hashable, Sendable {
        /// Its name.
        public var name: HostName
        /// How far it is.
        public var state: State
        /// Why it failed; `nil` unless it has.
        public var message: String?
        /// How many files the patterns matched.
        public var matched: Int
        /// What it could not look at, in words.
        public var problems: [String]
        /// The files, the ones with the most to gain first; none before all hosts have ended.
        public var files: [FileSurvey]
        /// All files together, also those that are not among `files`; `nil` before the end.
        public var summary: SurveySummary?

        /// A host that was asked.
        public init(
            name: HostName, state: State = .asked, message: String? = nil, matched: Int = 0,
            problems: [String] = [], files: [FileSurvey] = [], summary: SurveySummary? = nil
        ) {
            (self.name, self.state, self.message) = (name, state, message)
            (self.matched, self.problems) = (matched, problems)
            (self.files, self.summary) = (files, summary)
        }
    }

    /// How far a host is.
    public enum State: String, Codable, CaseIterable, Hashable, Sendable {
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
