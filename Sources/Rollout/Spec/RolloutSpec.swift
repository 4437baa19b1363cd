public import DefragTypes

/// A rollout's specification: which files, under which policy, with which strategy.
///
/// A value without any checks; the specification's text is checked where it is read.
public struct RolloutSpec: Codable, Hashable, Sendable {
    /// The operator's name for it.
    public var name: String
    public var targets: Targets
    /// Overrides of the workers' default policy.
    public var policy: PolicyOverrides
    public var strategy: Strategy

    /// A specification.
    public init(
        name: String, targets: Targets, policy: PolicyOverrides = PolicyOverrides(),
        strategy: Strategy = Strategy()
    ) {
        self.name = name
        self.targets = targets
        self.policy = policy
        self.strategy = strategy
    }

    /// Which files of which hosts.
    public struct Targets: Codable, Hashable, Sendable {
        /// Names of hosts, with `*` for any characters; a host that matches one of them is selected.
        public var hosts: [String]
        /// Of these, only hosts that have one of the values for each of the labels.
        public var labels: [String: [String]]
        /// Paths with wildcards, as in a survey's patterns: absolute, or relative to each root of a host.
        public var paths: [String]
        /// Files with fewer extents are ignored.
        public var minExtents: Int
        /// Smaller files are ignored.
        public var minSize: ByteCount?

        /// Files of `hosts`.
        public init(
            hosts: [String], labels: [String: [String]] = [:], paths: [String], minExtents: Int = 2,
            minSize: ByteCount? = nil
        ) {
            self.hosts = hosts
            self.labels = labels
            self.paths = paths
            self.minExtents = minExtents
            self.minSize = minSize
        }

        public init(from decoder: any Decoder) throws {
            let stored = try decoder.container(keyedBy: CodingKeys.self)
            self.init(
                hosts: try stored.decode([String].self, forKey: .hosts),
                paths: try stored.decode([String].self, forKey: .paths))
            try stored.read(.labels, into: &labels)
            try stored.read(.minExtents, into: &minExtents)
            try stored.read(.minSize, into: &minSize)
        }
    }

    /// In which order hosts work, how many at once, and what stops a rollout.
    public struct Strategy: Codable, Hashable, Sendable {
        /// Hosts that go first; without it the ramp begins at once.
        public var canary: Canary?
        /// Most hosts at once.
        public var concurrency: Share
        /// Most hosts at once that have the same value of a label, such as a rack.
        public var perLabel: [String: Int]
        /// Hosts at once, step by step: a step ends when as many hosts as it allows have finished in it.
        public var ramp: [Int]
        /// Failures that do not pause the rollout yet: one more does. `nil` for any number.
        public var errorBudget: Share?
        /// When work may be done; at any time if empty.
        public var windows: [MaintenanceWindow]
        /// Attempts at a file before it counts as failed.
        public var attempts: Int
        /// Seconds between the first failed attempt and the second; each later wait is twice as long.
        public var backOff: Double
        /// Most seconds of a slice.
        public var slice: Double
        /// Seconds for which the rollout waits for a lost host when nothing else is left to do.
        public var giveUpAfter: Double

        /// A strategy; by default every host at once.
        public init(
            canary: Canary? = nil, concurrency: Share = .percent(100), perLabel: [String: Int] = [:],
            ramp: [Int] = [], errorBudget: Share? = nil, windows: [MaintenanceWindow] = [],
            attempts: Int = 3, backOff: Double = 30, slice: Double = 60, giveUpAfter: Double = 900
        ) {
            self.canary = canary
            self.concurrency = concurrency
            self.perLabel = perLabel
            self.ramp = ramp
            self.errorBudget = errorBudget
            self.windows = windows
            self.attempts = attempts
            self.backOff = backOff
            self.slice = slice
            self.giveUpAfter = giveUpAfter
        }

        public init(from decoder: any Decoder) throws {
            let stored = try decoder.container(keyedBy: CodingKeys.self)
            self.init()
            try stored.read(.canary, into: &canary)
            try stored.read(.concurrency, into: &concurrency)
            try stored.read(.perLabel, into: &perLabel)
            try stored.read(.ramp, into: &ramp)
            try stored.read(.errorBudget, into: &errorBudget)
            try stored.read(.windows, into: &windows)
            try stored.read(.attempts, into: &attempts)
            try stored.read(.backOff, into: &backOff)
            try stored.read(.slice, into: &slice)
            try stored.read(.giveUpAfter, into: &giveUpAfter)
        }
    }

    /// The hosts that go first, alone.
    public struct Canary: Codable, Hashable, Sendable {
        /// How many.
        public var hosts: Int
        /// Seconds for which nothing begins after the last of them.
        public var soak: Double

        /// So many hosts, and a soak of so many seconds.
        public init(hosts: Int, soak: Double) {
            self.hosts = hosts
            self.soak = soak
        }
    }
}
