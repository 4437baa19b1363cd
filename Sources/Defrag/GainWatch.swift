/// Notices that laying windows afresh does not make them whole: the free space is itself in pieces, or guests write faster
/// than we lay. Then it costs writes, and is of no use.
///
/// Windows that are nearly whole and windows that are badly broken are watched apart. Where the former do not gain they are
/// passed over from then on; where the latter do not, the run ends. Windows far away might still gain: that is not tried.
struct GainWatch: Hashable {
    /// So many windows in a row have to fail.
    static let patience = 4
    private var mildFailures = 0
    private var badFailures = 0

    /// What is best done with a window.
    enum Advice: Hashable {
        /// Lay it.
        case lay
        /// Windows like it did not gain: leave it.
        case leave
        /// No window gains: stop.
        case stop
    }

    /// What to do with `plan`.
    func advice(on plan: WindowPlan) -> Advice {
        if badFailures >= Self.patience { return .stop }
        return mildFailures >= Self.patience && !plan.isBad ? .leave : .lay
    }

    /// Learns that the runs of `plan` are now in `extents` extents. A fifth fewer is a gain.
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
