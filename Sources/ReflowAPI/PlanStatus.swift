public import Contract
public import DefragTypes

/// What a rollout would do, having touched nothing.
public struct PlanStatus: Codable, Hashable, Sendable {
    /// Its id.
    public var id: String
    /// The specification's name.
    public var name: String
    /// Whether all hosts have answered, or were given up.
    public var isComplete: Bool
    /// How many hosts have answered, or were given up.
    public var answered: Int
    /// The hosts that it would work on, in the order in which they would have their turn; empty before all have answered.
    public var hosts: [Host]
    /// Everything together.
    public var total: Total
    /// What else an operator should know before starting it, a sentence each.
    public var warnings: [String]

    public init(
        id: String, name: String, isComplete: Bool, answered: Int, hosts: [Host], total: Total,
        warnings: [String]
    ) {
        (self.id, self.name, self.isComplete, self.answered) = (id, name, isComplete, answered)
        (self.hosts, self.total, self.warnings) = (hosts, total, warnings)
    }

    /// What would be done on one host.
    public struct Host: Codable, Hashable, Sendable {
        /// Its name.
        public var name: HostName
        /// Its labels, such as its rack.
        public var labels: [String: String]
        /// When it would have its turn: `canary`, `ramp 1` and so on, `full`; `none` where there is nothing to do.
        public var stage: String
        /// Whether it has said what it has.
        public var hasAnswered: Bool
        /// Files that the patterns match, those that lie well included.
        public var matched: Int
        /// Files that would be treated.
        public var files: Int
        /// Their sizes.
        public var size: ByteCount
        /// Their extents.
        public var extents: Int
        /// Seconds for which reflink copies would block writers less.
        public var gainSeconds: Double
        /// What could not be looked at, in words.
        public var problems: [String]

        public init(
            name: HostName, labels: [String: String], stage: String, hasAnswered: Bool, matched: Int,
            files: Int, size: ByteCount, extents: Int, gainSeconds: Double, problems: [String]
        ) {
            (self.name, self.labels, self.stage) = (name, labels, stage)
            (self.hasAnswered, self.matched, self.files) = (hasAnswered, matched, files)
            (self.size, self.extents, self.gainSeconds) = (size, extents, gainSeconds)
            self.problems = problems
        }
    }

    /// Everything together.
    public struct Total: Codable, Hashable, Sendable {
        /// Hosts with something to do.
        public var hosts = 0
        /// Files that the patterns match, those that lie well included.
        public var matched = 0
        /// Files that would be treated.
        public var files = 0
        /// Their sizes.
        public var size = ByteCount.zero
        /// Their extents.
        public var extents = 0
        /// Seconds for which reflink copies would block writers less.
        public var gainSeconds = 0.0
        /// Free space that must be there on a file system, beyond its floor: what one window takes.
        public var spacePerFileSystem = ByteCount.zero
        /// Extra space that breaking sharing may cost, at most, for each file; `nil` where the policy sets no number.
        public var unshareBudget: ByteCount?
        /// How long it would take, roughly: from a guess at a host's speed, the policy's duty and rate, the stages and caps;
        /// closed windows are not counted. `nil` where that cannot be told.
        public var seconds: Double?
    }
}

extension PlanStatus.Total {
    public init(spacePerFileSystem: ByteCount, unshareBudget: ByteCount?) {
        (self.spacePerFileSystem, self.unshareBudget) = (spacePerFileSystem, unshareBudget)
    }
}
