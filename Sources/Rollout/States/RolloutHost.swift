public import Contract
import DefragTypes
public import Foundation

/// One host of a rollout.
public struct RolloutHost: Sendable {
    /// Its name.
    public let name: HostName
    /// What outlives the process.
    public internal(set) var state: State
    /// UUIDs of the file systems on which it has targets.
    public internal(set) var fileSystems: [String] = []
    /// Its targets of each file system.
    public internal(set) var lanes: [Lane] = []
    /// Seconds of reflink copies that are to be gained on it.
    public internal(set) var gain = 0.0
    /// The running slices, as it last said.
    public internal(set) var progress: [SliceProgress] = []

    /// Its survey.
    var survey = Survey()
    /// Its worker stops or is paused: nothing is sent until it says that it works.
    var isHeld = false

    /// What outlives the process.
    public struct State: Codable, Hashable, Sendable {
        /// Where it stands.
        public var phase: Phase = .surveying
        /// Its labels when it was chosen, for the caps.
        public var labels: [String: String]
        /// Since when nothing is heard from it; `nil` while it is.
        public var lostSince: Date?
        /// Whether it is one of those that go first.
        public var isCanary = false
        /// How many files the survey's patterns matched, those that lie well included.
        public var matched = 0
        /// What the survey could not look at, in words.
        public var problems: [String] = []
        /// Why it was given up, as a sentence about it; `nil` if it was not.
        public var givenUp: String?
        /// What the rollout last wanted of it; `nil` for nothing in particular.
        var desired: Desired?

        init(labels: [String: String]) {
            self.labels = labels
        }

        public init(from decoder: any Decoder) throws {
            let stored = try decoder.container(keyedBy: CodingKeys.self)
            labels = try stored.decode([String: String].self, forKey: .labels)
            try stored.read(.phase, into: &phase)
            try stored.read(.lostSince, into: &lostSince)
            try stored.read(.isCanary, into: &isCanary)
            try stored.read(.matched, into: &matched)
            try stored.read(.problems, into: &problems)
            try stored.read(.givenUp, into: &givenUp)
            try stored.read(.desired, into: &desired)
        }
    }

    /// What a rollout wants of a host.
    struct Desired: Codable, Hashable, Sendable {
        var mode: DesiredState.Mode
        var policy: PolicyOverrides
    }

    /// Where a host stands; drawn in docs/rollout.md.
    public enum Phase: String, Codable, Hashable, Sendable {
        /// It was asked what it has.
        case surveying
        /// It waits for a slot.
        case waiting
        /// It has a slot.
        case active
        /// All of its targets have ended.
        case finished
        /// Nothing more is expected of it: its survey failed, or it did not return.
        case givenUp

        /// Whether it is done with.
        public var isEnded: Bool { self == .finished || self == .givenUp }
    }

    /// Targets of one file system: at most one slice of them is out.
    public struct Lane: Sendable {
        /// Which targets, the largest gain first.
        public let targets: [Int]
        /// All before this place have ended.
        var head = 0
        /// The target that has a slice out.
        public internal(set) var inFlight: Int?
    }

    /// A survey that was asked for.
    struct Survey: Sendable {
        /// The last one's number: no two have the same, not even across restarts.
        var number = 0
        /// How often it was asked for.
        var tries = 0
        /// When it was asked for, or the host last said that it runs.
        var since: Date?
        /// What has arrived of its answer.
        var intake = SurveyIntake()
    }

    init(_ name: HostName, labels: [String: String]) {
        self.name = name
        state = State(labels: labels)
    }

    /// Whether it has said what it has, and can still be heard.
    public var hasAnswered: Bool { !isLost && state.phase != .surveying && state.phase != .givenUp }
    /// Whether it is heard.
    public var isLost: Bool { state.lostSince != nil }
    var hasSlicesOut: Bool { lanes.contains { $0.inFlight != nil } }
    /// Whether it has a slot, or slices out: no other rollout works on it meanwhile.
    public var isAtWork: Bool { state.phase == .active || hasSlicesOut }
}
