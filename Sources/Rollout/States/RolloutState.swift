public import DefragTypes
public import Foundation

extension Rollout {
    /// What the store keeps of a rollout, apart from its hosts and targets.
    public struct State: Codable, Hashable, Sendable {
        /// What the operator asked for.
        public var spec: RolloutSpec
        public var phase: Phase
        /// Why nothing is sent at the moment; `nil` if it is not paused.
        public var pause: Pause?
        public var stage: Stage
        /// Whether it ends once the surveys are complete.
        public var isPlanOnly: Bool
        /// Changes of the policy since it began.
        public var overrides = PolicyOverrides()
        /// Targets that failed, and hosts that were lost while they had work, each time.
        public var failures = 0
        /// ``failures`` when it was last resumed: the error budget counts those after.
        public var forgiven = 0
        /// Attempts without an answer since the last answer of any host.
        var unanswered = Unanswered()
        /// Whether a maintenance window was open when that was last determined.
        public internal(set) var isOpen = true
        /// Whether every host has answered its survey, or is lost.
        var isSurveyed = false
        /// Whether slices in flight at its cancellation run to their end.
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
            try stored.read(.unanswered, into: &unanswered)
            try stored.read(.isOpen, into: &isOpen)
            try stored.read(.isSurveyed, into: &isSurveyed)
            try stored.read(.isDraining, into: &isDraining)
        }
    }

    /// Drawn in docs/rollout.md.
    public enum Phase: String, Codable, CaseIterable, Hashable, Sendable {
        /// Hosts are asked for their files.
        case surveying
        /// A plan that is complete.
        case planned
        /// Slots are given, slices are sent.
        case running
        /// No more slices are sent; answers to those in flight are awaited.
        case cancelling
        /// Ended by the operator, with targets left.
        case cancelled
        /// Every target has ended, none as failed.
        case completed
        /// Every target has ended: some failed, or a host was given up.
        case completedWithFailures

        /// Whether nothing more will happen.
        public var isEnded: Bool {
            switch self {
            case .surveying, .running, .cancelling: false
            case .planned, .cancelled, .completed, .completedWithFailures: true
            }
        }
    }

    /// Why nothing is sent.
    public enum Pause: String, Codable, CaseIterable, Hashable, Sendable {
        /// The operator wants it.
        case `operator`
        /// One failure more than the budget allows.
        case errorBudget
        /// No host has answered: the answers do not arrive, and no host is to blame.
        case unanswered
        /// The same, and no attempt could even be delivered: the broker does not take tasks.
        case undeliverable
    }

    /// How far the strategy has got; drawn in docs/rollout.md.
    public enum Stage: Codable, Hashable, Sendable {
        /// The first hosts work.
        case canary
        /// Nothing begins before then.
        case soak(until: Date)
        /// As many hosts at once as this step of the ramp allows; `finished` hosts have finished in it.
        case ramp(step: Int, finished: Int)
        /// As many hosts at once as the concurrency allows.
        case full
    }
}
