public import DefragTypes

/// A host as `reflow hosts --output json` shows it, as far as trials look at it.
public struct HostStatus: Decodable, Sendable {
    public var name: String
    public var lastHeard: Timestamp?
}

/// A rollout as `reflow rollout list --output json` shows it, as far as trials look at it.
public struct RolloutStatus: Decodable, Sendable {
    /// Files, by where they stand.
    public struct Targets: Decodable, Sendable { public var total, done, skipped, failed: Int }
    /// Of all files: as they were surveyed, and as they were last seen.
    public struct Extents: Decodable, Sendable { public var before, after: Int }
    /// Sizes of the files, and how much of that is behind it.
    public struct Bytes: Decodable, Sendable { public var total, behind: Int64 }
    /// A working host.
    public struct Working: Decodable, Sendable { public var name: String }

    public var id: String
    public var phase: String
    public var pause: String?
    public var failures: Int
    public var allowedFailures: Int?
    public var targets: Targets
    public var extents: Extents
    public var bytes: Bytes
    public var working: [Working]

    /// From 0 to 1.
    public var share: Double {
        bytes.total > 0 ? Double(bytes.behind) / Double(bytes.total) : 0
    }
}

/// A file as `reflow rollout show --targets --output json` shows it.
public struct TargetStatus: Decodable, Sendable {
    public var host: String
    public var path: String
    public var state: String
    public var reason: String?
    public var slices: Int
}

/// A line of `reflow events --output json`.
public struct LoggedEvent: Decodable, Sendable {
    public var id: Int64
    public var time: Timestamp
    public var type: String
    public var host: String?
    public var subject: String?
    public var text: String
}
