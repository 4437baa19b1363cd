import Contract

/// A host of the fleet.
struct HostView: Codable, Hashable, Sendable {
    /// Its name.
    var name: HostName
    /// Whether it has been silent for too long.
    var isLost: Bool
    /// When it was last heard; `nil` for one that never was.
    var lastHeard: Timestamp?
    /// What its configuration calls it, such as its rack.
    var labels: [String: String]
    /// Id of the rollout that has it at work; `nil` for none.
    var rollout: String?
    /// What it last said of itself; `nil` before it has.
    var state: HostState?

    /// A host.
    init(
        name: HostName, isLost: Bool, lastHeard: Timestamp?, labels: [String: String] = [:],
        rollout: String? = nil,
        state: HostState? = nil
    ) {
        self.name = name
        self.isLost = isLost
        self.lastHeard = lastHeard
        self.labels = labels
        self.rollout = rollout
        self.state = state
    }
}
