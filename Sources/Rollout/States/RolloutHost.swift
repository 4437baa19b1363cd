public import Contract
import DefragTypes
public import Foundation

/// One host of a rollout.
public struct RolloutHost: Sendable {
    public let name: HostName
    public internal(set) var state: State
    /// UUIDs of the file systems on which it has targets.
    public internal(set) var fileSystems: [String] = []
    /// Its targets by file system, in the order of ``fileSystems``.
    public internal(set) var lanes: [Lane] = []
    /// Sum of its targets' ``Target/gain``.
    public internal(set) var gain = 0.0
    /// The running slices of this rollout, as it last said.
    public internal(set) var progress: [SliceProgress] = []

    /// What has arrived of its answer to the survey that is awaited.
    var intake = SurveyIntake()
    /// Tasks in flight whose answers may be lost, and since when the host's states do not mention them; `nil` while they may.
    var doubts: [Task: Date?] = [:]
    /// Its worker stops or is paused: nothing is sent until its state says `run`.
    var isStopped = false
    /// An operator holds it: nothing is sent, and it has no slot, until it is released.
    public internal(set) var isHeld = false
    /// Its worker cannot consume its queue: nothing is sent until its state says that it can.
    var deafness: Deafness?
    /// Whether a second worker speaks under its name.
    var hasTwin = false
    /// UUIDs of the file systems on which its worker can have files, as it last said; `nil` before it has.
    var mounted: Set<String>?
    /// Slices in flight that it has taken and not begun, and since when.
    var queuedSince: [Int: Date] = [:]
    /// Jobs whose slices it runs, apart from this rollout.
    public internal(set) var otherJobs: [String] = []

    /// What the store keeps of a host.
    public struct State: Codable, Hashable, Sendable {
        public var phase: Phase = .surveying
        /// Its labels when it was chosen, for the caps.
        public var labels: [String: String]
        /// When it was lost; `nil` while it is heard.
        public var lostSince: Date?
        /// Whether it was given its slot in the canary stage.
        public var isCanary = false
        /// How many files the survey's patterns matched, including files with too few extents.
        public var matched = 0
        /// What the survey could not look at, in words.
        public var problems: [String] = []
        /// Why it was given up, as the predicate of a sentence about it; `nil` if it was not.
        public var givenUp: String?
        /// The desired state that was last published; `nil` for nothing in particular.
        var desired: Desired?
        var survey = Survey()

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
            try stored.read(.survey, into: &survey)
        }
    }

    /// What a rollout wants of a host.
    struct Desired: Codable, Hashable, Sendable {
        var mode: DesiredState.Mode
        var policy: PolicyOverrides
    }

    /// Drawn in docs/rollout.md.
    public enum Phase: String, Codable, CaseIterable, Hashable, Sendable {
        /// It was asked for its files.
        case surveying
        /// It waits for a slot.
        case waiting
        /// It has a slot.
        case active
        /// All of its targets have ended.
        case finished
        /// Its survey failed, or it did not return.
        case givenUp

        public var isEnded: Bool { self == .finished || self == .givenUp }
    }

    /// Targets of one file system: at most one slice of them is in flight.
    public struct Lane: Sendable {
        /// Numbers of the targets, the largest gain first.
        public let targets: [Int]
        /// All targets before this index have ended.
        var head = 0
        /// The target that has a slice in flight.
        public internal(set) var inFlight: Int?
    }

    init(_ name: HostName, labels: [String: String]) {
        self.name = name
        state = State(labels: labels)
    }

    /// Whether it has answered its survey and is not lost.
    public var hasAnswered: Bool { !isLost && state.phase != .surveying && state.phase != .givenUp }
    public var isLost: Bool { state.lostSince != nil }
    var hasSlicesInFlight: Bool { lanes.contains { $0.inFlight != nil } }
    /// Whether it has a slot, or slices in flight: no other rollout can work on it then.
    public var isAtWork: Bool { state.phase == .active || hasSlicesInFlight }
}
