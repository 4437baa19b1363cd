import Contract
import DefragTypes

/// What a rollout would do, having touched nothing.
struct PlanView: Codable, Hashable, Sendable {
    /// Its id.
    var id: String
    /// The specification's name.
    var name: String
    /// Whether all hosts have answered, or were given up.
    var isComplete: Bool
    /// How many hosts have answered, or were given up.
    var answered: Int
    /// The hosts that it would work on, in the order in which they would have their turn; empty before all have answered.
    var hosts: [Host]
    /// Everything together.
    var total: Total
    /// What else an operator should know before starting it, a sentence each.
    var warnings: [String]

    /// What would be done on one host.
    struct Host: Codable, Hashable, Sendable {
        /// Its name.
        var name: HostName
        /// Its labels, such as its rack.
        var labels: [String: String]
        /// When it would have its turn: `canary`, `ramp 1` and so on, `full`; `none` where there is nothing to do.
        var stage: String
        /// Whether it has said what it has.
        var hasAnswered: Bool
        /// Files that the patterns match, those that lie well included.
        var matched: Int
        /// Files that would be treated.
        var files: Int
        /// Their sizes.
        var size: ByteCount
        /// Their extents.
        var extents: Int
        /// Seconds for which reflink copies would block writers less.
        var gainSeconds: Double
        /// What could not be looked at, in words.
        var problems: [String]
    }

    /// Everything together.
    struct Total: Codable, Hashable, Sendable {
        /// Hosts with something to do.
        var hosts = 0
        /// Files that the patterns match, those that lie well included.
        var matched = 0
        /// Files that would be treated.
        var files = 0
        /// Their sizes.
        var size = ByteCount.zero
        /// Their extents.
        var extents = 0
        /// Seconds for which reflink copies would block writers less.
        var gainSeconds = 0.0
        /// Free space that must be there on a file system, beyond its floor: what one window takes.
        var spacePerFileSystem = ByteCount.zero
        /// Extra space that breaking sharing may cost, at most, for each file; `nil` where the policy sets no number.
        var unshareBudget: ByteCount?
        /// How long it would take, roughly: from a guess at a host's speed, the policy's duty and rate, the stages and caps;
        /// closed windows are not counted. `nil` where that cannot be told.
        var seconds: Double?
    }
}
