public import Contract
public import DefragTypes

/// What a one-off job is to do: defragment the files that match `patterns` on `hosts`.
public struct JobRequest: Hashable, Sendable {
    /// Names the job in its messages; task ids start with it.
    public var id: String
    /// The hosts, each once.
    public var hosts: [HostName]
    /// Absolute paths with wildcards, as in ``SurveyTask/patterns``.
    public var patterns: [String]
    /// Files with fewer extents are left out.
    public var minExtents: Int
    /// What differs from the workers' default policy.
    public var policy: PolicyOverrides
    /// Time budget of a slice, in seconds.
    public var sliceBudget: Double
    /// A host that says nothing at all for so long after the start is given up.
    public var answerWithin: Duration
    /// A host that has answered but then says nothing for so long is given up.
    public var lostAfter: Duration

    /// A job with the default limits.
    public init(
        id: String, hosts: [HostName], patterns: [String], minExtents: Int = 2,
        policy: PolicyOverrides = PolicyOverrides(), sliceBudget: Double = 60,
        answerWithin: Duration = .seconds(30), lostAfter: Duration = .seconds(60)
    ) {
        self.id = id
        self.hosts = hosts
        self.patterns = patterns
        self.minExtents = minExtents
        self.policy = policy
        self.sliceBudget = sliceBudget
        self.answerWithin = answerWithin
        self.lostAfter = lostAfter
    }
}
