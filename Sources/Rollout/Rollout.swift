public import Contract
import DefragTypes
import Foundation

/// A rollout over a fleet, as a pure state machine: survey every host, then give slots to the hosts with the largest gain
/// first, and send slices to hosts that have a slot, until every target has ended.
///
/// The caller says what happened and when, and carries out the actions that are returned. Answers may come late, twice or
/// never: an answer counts only while its task is in flight. States and transitions are drawn in docs/rollout.md.
public struct Rollout: Sendable {
    /// The `job` of its tasks, and the prefix of their ids.
    public let id: String
    /// What the store keeps of the rollout itself.
    public internal(set) var state: State
    /// Its hosts, in the order of their names.
    public internal(set) var hosts: [RolloutHost]
    /// Its files, in the order in which they were found.
    public internal(set) var targets: [Target] = []
    /// Indices of the hosts that have, or had, something to do: the largest gain first.
    public internal(set) var order: [Int] = []
    /// What has to be stored.
    var changes = Changes()
    /// How many hosts are in which phase.
    var counts: HostCounts
    /// Whether a free slot may find a host: something has changed since none was found.
    var canAdmit = true
    let places: [HostName: Int]
    /// Tells the slices of this process from those of the processes before; empty in the first.
    let epoch: String
    /// Targets with a slice in flight that a process before has sent.
    var inherited: Set<Int> = []
    /// When slices may run.
    var hours: OpeningHours

    /// What the store has to write.
    public struct Changes: Sendable {
        /// Whether ``Rollout/state`` has changed.
        public internal(set) var isStateChanged = false
        /// Indices of hosts that have changed.
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
        epoch = ""
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

    /// Whether a host of this name has a slot here, or slices in flight.
    public func isAtWork(on name: HostName) -> Bool { places[name].map { hosts[$0].isAtWork } ?? false }

    /// Failures that do not pause the rollout yet; `nil` for any number. Without a budget, none during a canary and its soak,
    /// which would protect nobody otherwise.
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

    /// Whether the order of the hosts, or the total number of files, matters: then the rollout waits for every survey.
    var needsOrder: Bool {
        let sharesFailures = if case .percent? = strategy.errorBudget { true } else { false }
        return state.isPlanOnly || state.stage != .full || strategy.concurrency != .percent(100)
            || !strategy.perLabel.isEmpty || sharesFailures
    }

    /// Most hosts at once in any stage.
    var maxHosts: Int { max(1, strategy.concurrency.count(of: order.count)) }
}
