import Contract

/// Id of the job of one `reflow run`: told from the coordinator's rollouts and surveys, whose answers the same hosts give.
struct JobID: Hashable, Sendable, CustomStringConvertible {
    let description: String

    /// A new one, no rollout's.
    init() {
        description = Self.prefix + newMessageID().prefix(12)
    }

    private static let prefix = "job-"

    /// Whether it is the job of this task.
    func has(_ task: String) -> Bool { task.hasPrefix(description + "-") }

    /// Whether a task is any job's. A rollout's id begins with its time, a survey's with its kind.
    static func isOfAny(_ task: String) -> Bool { task.hasPrefix(prefix) }
}
