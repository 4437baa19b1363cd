import DefragTypes

// Numbers that came over the wire are shown, however odd they are: what does not fit is shown as the most that does.

extension Duration {
    /// So many seconds, at most some 30,000 years.
    init(saturating seconds: Double) {
        self = .seconds(seconds.isNaN ? 0 : max(-1e12, min(seconds, 1e12)))
    }
}

extension ByteCount {
    /// So many bytes, at most as many as there can be.
    init(saturating bytes: Double) {
        self.init(Int64(exactly: bytes.rounded()) ?? (bytes < 0 ? .min : .max))
    }
}

extension PauseStatistics {
    /// How many were longer than wanted, such as `12/3400`; `nil` where the worker has not told.
    var overText: String? { over.map { "\($0)/\(count)" } }
}
