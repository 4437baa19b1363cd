import DefragTypes

extension PauseStatistics {
    /// How many were longer than wanted, such as `12/3400`; `nil` where the worker has not told.
    var overText: String? { over.map { "\($0)/\(count)" } }
}
