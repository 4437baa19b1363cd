/// Notices that rewriting windows does not make them contiguous: the free space itself is fragmented, or guests write faster
/// than we rewrite. Then it costs writes, and is of no use.
///
/// Windows that are nearly contiguous and windows that are badly fragmented are watched apart. Where the former do not gain
/// they are skipped from then on; where the latter do not, the run ends. Windows far away might still gain: that is not tried.
struct GainWatch: Hashable {
    /// How many windows in a row have to fail.
    static let patience = 4
    private var mildFailures = 0
    private var badFailures = 0

    /// What is best done with a window.
    enum Advice: Hashable {
        /// Rewrite it.
        case rewrite
        /// Windows like it did not gain: skip it.
        case skip
        /// No window gains: stop.
        case stop
    }

    /// What to do with `plan`.
    func advice(on plan: WindowPlan) -> Advice {
        if badFailures >= Self.patience { return .stop }
        return mildFailures >= Self.patience && !plan.isBad ? .skip : .rewrite
    }

    /// Learns that the stretches of `plan` are now in `extents` extents. A fifth fewer is a gain.
    mutating func learn(_ plan: WindowPlan, extents: Int) {
        let hasGained = extents * 5 <= plan.extents * 4
        if hasGained { badFailures = 0 }
        switch (plan.isBad, hasGained) {
        case (true, true): break
        case (true, false): badFailures += 1
        case (false, true): mildFailures = 0
        case (false, false): mildFailures += 1
        }
    }
}
