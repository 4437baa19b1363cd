extension RolloutHost {
    /// A task of a host that is in flight.
    enum Task: Hashable, Comparable, Sendable {
        case survey
        case slice(Int)
    }

    mutating func doubt(_ task: Task) {
        if doubts[task] == nil { doubts[task] = .some(nil) }
    }
}
