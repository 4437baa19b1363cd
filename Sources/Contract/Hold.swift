public import DefragTypes

/// An operator's brake on a host, apart from what rollouts want of it: while it is held it does not work, whatever its mode is.
///
/// Kept by the coordinator and by the worker, through restarts of both, until an operator releases it.
public struct Hold: Codable, Hashable, Sendable {
    /// Milliseconds since 1970, or more: grows with every hold and release of the host. An older one than the host has is ignored.
    @Bounded<Generation> public var generation: Int64
    /// Whether the host may not work; `false` once it was released.
    public var isHeld: Bool
    /// Since when.
    public var since: Timestamp
    /// Who has held or released it.
    @Bounded<OperatorName> public var by: String
    /// Why; empty for a release without a reason.
    @Bounded<Remark> public var why: String

    /// A hold, or a release.
    public init(generation: Int64, isHeld: Bool, since: Timestamp, by: String, why: String) {
        self.generation = generation
        self.isHeld = isHeld
        self.since = since
        self.by = by
        self.why = why
    }
}

/// Who gave an order.
public enum OperatorName: TextBound {
    public static let bytes = 0...256
    public static let form = TextForm.words
}
