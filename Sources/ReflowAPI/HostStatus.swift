public import Contract
public import DefragTypes

/// A host of the fleet.
public struct HostStatus: Codable, Hashable, Sendable {
    /// Its name.
    public var name: HostName
    /// Whether it has been silent for too long.
    public var isLost: Bool
    /// Whether two workers speak under its name; `nil` if not.
    public var hasTwin: Bool?
    /// Whether the coordinator has not heard it since it started: what it knows is from before; `nil` if it has.
    public var isFromBefore: Bool?
    /// When it was last heard; `nil` for one that never was.
    public var lastHeard: Timestamp?
    /// What its configuration calls it, such as its rack.
    public var labels: [String: String]
    /// Id of the rollout that has it at work; `nil` for none.
    public var rollout: String?
    /// An operator's hold on it; `nil` if none holds it.
    public var hold: Hold?
    /// What it last said of itself; `nil` before it has.
    public var state: HostState?

    public init(
        name: HostName, isLost: Bool, hasTwin: Bool? = nil, isFromBefore: Bool? = nil,
        lastHeard: Timestamp?, labels: [String: String] = [:],
        rollout: String? = nil, hold: Hold? = nil, state: HostState? = nil
    ) {
        (self.name, self.isLost, self.hasTwin, self.lastHeard) = (name, isLost, hasTwin, lastHeard)
        self.isFromBefore = isFromBefore
        (self.labels, self.rollout, self.hold, self.state) = (labels, rollout, hold, state)
    }

    /// Whether the host has heard that it is held, or is not any more, and says so. One of before contract 1.2 knows of pauses only.
    public var hasHeardOfHold: Bool {
        guard let state else { return false }
        guard let hold else { return state.hold?.isHeld != true }
        return state.knowsHolds ? state.hold == hold : state.mode == .pause
    }
}

/// That a host is to be held.
public struct HoldOrder: Codable, Hashable, Sendable {
    /// Why, for whoever wonders that it does not work.
    @Bounded<Remark> public var why: String

    public init(why: String) {
        self.why = why
    }
}
