import DefragTypes

extension Policy {
    /// How long to wait after work that took `worked` and rewrote `bytes`: in proportion, so that `duty` of the time is
    /// work, at least `idle`, and long enough for `rate`.
    func idleTime(after worked: Duration, bytes: Int64) -> Duration {
        let proportional = worked * ((1 - duty) / duty)
        let paced =
            rate.map { Duration.seconds(Double(bytes) / Double(max($0.rawValue, 1))) - worked } ?? .zero
        return max(.zero, idle, proportional, paced)
    }
}
