public import DefragTypes

/// What a host is asked to do, in its task queue.
public enum HostTask: MessageBody, Hashable {
    /// Defragment a part of one file.
    case slice(SliceTask)
    /// Report how files are laid out on disk.
    case survey(SurveyTask)

    public var type: String {
        switch self {
        case .slice: "reflow.task.slice"
        case .survey: "reflow.task.survey"
        }
    }

    public init(type: String, from decoder: any Decoder) throws {
        switch type {
        case "reflow.task.slice": self = .slice(try SliceTask(from: decoder))
        case "reflow.task.survey": self = .survey(try SurveyTask(from: decoder))
        default: throw ContractError(.unknownType, "'\(type)' is not a task that this program knows")
        }
    }

    public func encode(to encoder: any Encoder) throws {
        switch self {
        case .slice(let task): try task.encode(to: encoder)
        case .survey(let task): try task.encode(to: encoder)
        }
    }
}

/// One bounded piece of work on one file: from a byte cursor, under a policy, within a time budget.
public struct SliceTask: Codable, Hashable, Sendable {
    /// The job or rollout for which it is done.
    @Bounded<IDText> public var job: String
    /// Absolute path; must lie beneath one of the worker's roots.
    @Bounded<PathText> public var path: String
    /// UUID of the file system on which the file was surveyed; another one there now is a refusal.
    @Bounded<UUIDText?> public var fileSystem: String?
    /// Inode number that the file had when surveyed; another one now is a refusal.
    @Bounded<Inode?> public var inode: UInt64?
    /// Where to start.
    @Bounded<Size> public var from: ByteCount
    /// Overrides of the worker's default policy.
    public var policy: PolicyOverrides
    /// Seconds after which the slice ends with a cursor.
    @Bounded<TimeBudget> public var timeBudget: Double

    /// When its maintenance window ends: it neither begins later nor goes on. `nil` for no limit, and from coordinators before
    /// contract 1.2.
    public var notAfter: Timestamp?
    /// What the slice before answered; `nil` for the first, and from coordinators before contract 1.2.
    public var state: SliceState?

    /// Longest time budget of a slice, in seconds: well within the broker's 30 minutes for an acknowledgement.
    public static let longestTimeBudget: Double = 600

    /// A slice of `path`.
    public init(
        job: String, path: String, fileSystem: String? = nil, inode: UInt64? = nil, from: ByteCount = .zero,
        policy: PolicyOverrides = PolicyOverrides(), timeBudget: Double = 60, notAfter: Timestamp? = nil,
        state: SliceState? = nil
    ) {
        self.job = job
        self.path = path
        self.fileSystem = fileSystem
        self.inode = inode
        self.from = from
        self.policy = policy
        self.timeBudget = timeBudget
        self.notAfter = notAfter
        self.state = state
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        _job = try container.decode(Bounded.self, forKey: .job)
        _path = try container.decode(Bounded.self, forKey: .path)
        _fileSystem = try container.decode(Bounded.self, forKey: .fileSystem)
        _inode = try container.decode(Bounded.self, forKey: .inode)
        _from = try container.decode(or: .zero, forKey: .from)
        policy = try container.decodeIfPresent(PolicyOverrides.self, forKey: .policy) ?? PolicyOverrides()
        _timeBudget = try container.decode(or: 60, forKey: .timeBudget)
        notAfter = try container.decodeIfPresent(Timestamp.self, forKey: .notAfter)
        state = try container.decodeIfPresent(SliceState.self, forKey: .state)
    }
}

/// Surveys every file that matches one of the patterns.
public struct SurveyTask: Codable, Hashable, Sendable {
    /// The job or rollout for which it is done.
    @Bounded<IDText> public var job: String
    /// Paths, with `*`, `?`, `[…]` within a component and `**` across components: absolute, or, from contract 1.2 on, relative to each
    /// of the worker's roots.
    @Bounded<Texts<4096, PathText>> public var patterns: [String]
    /// Files with fewer extents are left out.
    @Bounded<Count?> public var minExtents: Int?
    /// Smaller files are left out.
    @Bounded<Size?> public var minSize: ByteCount?
    /// Most files wanted, those with the most to gain; at most ``mostFiles`` are reported.
    @Bounded<Count?> public var top: Int?

    /// Most files that the answer to a survey names.
    public static let mostFiles = 20_000

    /// A survey of `patterns`.
    public init(
        job: String, patterns: [String], minExtents: Int? = nil, minSize: ByteCount? = nil, top: Int? = nil
    ) {
        self.job = job
        self.patterns = patterns
        self.minExtents = minExtents
        self.minSize = minSize
        self.top = top
    }
}
