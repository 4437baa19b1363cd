public import Contract
public import DefragTypes
public import Rollout

/// One host of a rollout.
public struct RolloutHostStatus: Codable, Hashable, Sendable {
    /// Its name.
    public var name: HostName
    /// Where it stands.
    public var phase: RolloutHost.Phase
    /// Its labels when it was chosen.
    public var labels: [String: String]
    /// Whether it is one of those that go first.
    public var isCanary: Bool
    /// Whether it says that it is paused, by whomever.
    public var isPaused: Bool
    /// An operator's hold on it; `nil` if none holds it.
    public var hold: Hold?
    /// Why it cannot consume its tasks, as it says; `nil` if it can.
    public var deaf: String?
    /// Since when nothing is heard from it; `nil` while it is.
    public var lostSince: Timestamp?
    /// Its files, by where they stand.
    public var targets: RolloutStatus.Targets
    /// Its files, by size.
    public var bytes: RolloutStatus.Bytes
    /// Extents of all its files: when they were surveyed, and as they were last seen.
    public var extents: DefragResult.Change<Int>
    /// What could not be looked at, and why it was given up, in words.
    public var problems: [String]
}

extension RolloutHostStatus {
    /// What is stored of it; whether it is paused is not.
    public init(
        name: HostName, state: RolloutHost.State, targets: RolloutStatus.Targets,
        bytes: RolloutStatus.Bytes, extents: DefragResult.Change<Int>
    ) {
        (self.name, phase, labels, isCanary) = (name, state.phase, state.labels, state.isCanary)
        (isPaused, lostSince) = (false, state.lostSince.map { Timestamp($0) })
        (self.targets, self.bytes, self.extents) = (targets, bytes, extents)
        problems = state.problems + [state.givenUp].compactMap(\.self)
    }
}
