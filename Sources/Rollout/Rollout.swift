public import Contract
public import DefragTypes
public import Foundation

/// A rollout over a fleet, as a pure state machine: survey every host, then give slots to hosts in the order of what
/// is to be gained, and send slices to those that have one, until every target has ended.
///
/// The driver says what happened and when, and carries out what it is told. Answers may come late, twice or never: one
/// counts only while its task is out. States and transitions are drawn in docs/rollout.md.
public struct Rollout: Sendable {
    /// Names it in tasks; their ids start with it.
    public let id: String
    /// What outlives the process.
    public internal(set) var state: State
    /// Its hosts, in the order of their names.
    public internal(set) var hosts: [RolloutHost]
    /// Its files, in the order in which they were found.
    public internal(set) var targets: [Target] = []
    /// Places of the hosts that have something to do, or had, the largest gain first.
    public internal(set) var order: [Int] = []
    /// What has to be stored.
    var changes = Changes()
    /// How many hosts stand where.
    var counts: HostCounts
    /// Whether a host may be found for a free slot: something has changed since none was.
    var mayAdmit = true
    let places: [HostName: Int]
    /// When slices may run.
    var hours: OpeningHours

    /// What outlives the process, but for hosts and targets.
    public struct State: Codable, Hashable, Sendable {
        /// What is wanted.
        public var spec: RolloutSpec
        /// Where it stands.
        public var phase: Phase
        /// Why nothing is sent at the moment; `nil` if nothing holds it up.
        public var pause: Pause?
        /// How far the strategy is.
        public var stage: Stage
        /// Whether it ends once it is known what would be done.
        public var isPlanOnly: Bool
        /// What was changed in the policy since it began.
        public var overrides = PolicyOverrides()
        /// Targets that failed, and hosts that were lost, each time.
        public var failures = 0
        /// As many of them as were there when it was last resumed.
        public var forgiven = 0
        /// Whether hosts may work at this time of the week, as it was found last.
        var isOpen = true
        /// Whether every host has said what it has, or is lost.
        var isSurveyed = false
        /// Whether slices that are out at its cancellation run to their end.
        var isDraining = false

        init(spec: RolloutSpec, phase: Phase, stage: Stage, isPlanOnly: Bool) {
            self.spec = spec
            self.phase = phase
            self.stage = stage
            self.isPlanOnly = isPlanOnly
        }

        public init(from decoder: any Decoder) throws {
            let stored = try decoder.container(keyedBy: CodingKeys.self)
            spec = try stored.decode(RolloutSpec.self, forKey: .spec)
            phase = try stored.decode(Phase.self, forKey: .phase)
            stage = try stored.decode(Stage.self, forKey: .stage)
            isPlanOnly = try stored.decode(Bool.self, forKey: .isPlanOnly)
            try stored.read(.pause, into: &pause)
            try stored.read(.overrides, into: &overrides)
            try stored.read(.failures, into: &failures)
            try stored.read(.forgiven, into: &forgiven)
            try stored.read(.isOpen, into: &isOpen)
            try stored.read(.isSurveyed, into: &isSurveyed)
            try stored.read(.isDraining, into: &isDraining)
        }
    }

    /// Where a rollout stands.
    public enum Phase: String, Codable, Hashable, Sendable {
        /// Hosts are asked what they have.
        case surveying
        /// That is known; nothing will be done.
        case planned
        /// Slots are given, slices are sent.
        case running
        /// No more slices are sent; those that are out are waited for.
        case cancelling
        /// Ended before everything was done.
        case cancelled
        /// Every target has ended.
        case completed

        /// Whether nothing more will happen.
        public var isEnded: Bool { [.planned, .cancelled, .completed].contains(self) }
    }

    /// Why nothing is sent.
    public enum Pause: String, Codable, Hashable, Sendable {
        /// The operator wants it.
        case `operator`
        /// One failure more than the budget allows.
        case errorBudget
    }

    /// How far a strategy is.
    public enum Stage: Codable, Hashable, Sendable {
        /// The first hosts.
        case canary
        /// Nothing begins before then.
        case soak(until: Date)
        /// So many hosts at once as this step allows, of which so many have finished.
        case ramp(step: Int, finished: Int)
        /// As many hosts at once as the concurrency allows.
        case full
    }

    /// What the store has to take in.
    public struct Changes: Sendable {
        /// Whether ``Rollout/state`` has changed.
        public internal(set) var isStateChanged = false
        /// Places of hosts that have changed.
        public internal(set) var hosts: Set<Int> = []
        /// Numbers of targets that have changed.
        public internal(set) var targets: Set<Int> = []
    }

    /// A rollout that has not begun. `hosts` are in the order of their names.
    public init(
        id: String, spec: RolloutSpec, hosts: [(name: HostName, labels: [String: String])],
        isPlanOnly: Bool = false
    ) {
        self.id = id
        state = State(
            spec: spec, phase: .surveying, stage: Self.firstStage(spec.strategy), isPlanOnly: isPlanOnly)
        hours = OpeningHours(spec.strategy.windows)
        self.hosts = hosts.map { RolloutHost($0.name, labels: $0.labels) }
        counts = HostCounts(self.hosts)
        places = Dictionary(uniqueKeysWithValues: hosts.enumerated().map { ($1.name, $0) })
    }

    static func firstStage(_ strategy: RolloutSpec.Strategy) -> Stage {
        if let canary = strategy.canary, canary.hosts > 0 { return .canary }
        return strategy.ramp.isEmpty ? .full : .ramp(step: 0, finished: 0)
    }

    /// What has changed since this was last asked.
    public mutating func takeChanges() -> Changes {
        defer { changes = Changes() }
        return changes
    }

    /// How many hosts have a slot.
    public var activeHosts: Int { counts.active }

    /// Whether a host of this name has a slot here, or slices out.
    public func isAtWork(on name: HostName) -> Bool { places[name].map { hosts[$0].isAtWork } ?? false }

    /// Failures that are put up with; `nil` for any number. Without a budget, none during a canary and its soak, which would
    /// protect nobody otherwise.
    public var allowedFailures: Int? { strategy.errorBudget?.count(of: targets.count) ?? (isTrial ? 0 : nil) }

    private var isTrial: Bool {
        switch state.stage {
        case .canary, .soak: true
        case .ramp, .full: false
        }
    }

    /// In which order and numbers hosts are taken.
    public var strategy: RolloutSpec.Strategy { state.spec.strategy }
    var retries: Target.Retries { Target.Retries(strategy) }

    /// Whether it matters which host comes first, or how many files there are in all: every survey is waited for then.
    var needsOrder: Bool {
        let sharesFailures = if case .percent? = strategy.errorBudget { true } else { false }
        return state.isPlanOnly || state.stage != .full || strategy.concurrency != .percent(100)
            || !strategy.perLabel.isEmpty || sharesFailures
    }

    /// Most hosts at once, whatever the stage.
    var mostHosts: Int { max(1, strategy.concurrency.count(of: order.count)) }
}
