/// Failed files that are tried again.
public struct Retried: Codable, Hashable, Sendable {
    /// How many.
    public var files: Int
    /// How their rollout is now.
    public var rollout: RolloutStatus

    public init(files: Int, rollout: RolloutStatus) {
        (self.files, self.rollout) = (files, rollout)
    }
}
