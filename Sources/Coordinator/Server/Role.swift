/// What somebody may ask for; each role includes those before it.
enum Role: String, CaseIterable, Comparable, Sendable {
    /// Whether the coordinator is there and ready: nobody has to say who they are.
    case anyone
    /// Figures for monitoring.
    case metrics
    /// Everything, changing nothing.
    case read
    /// Everything.
    case operate

    /// Those that a token or a socket can have.
    static let given: [Role] = [.read, .operate, .metrics]

    static func < (left: Role, right: Role) -> Bool { left.rank < right.rank }

    private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}
