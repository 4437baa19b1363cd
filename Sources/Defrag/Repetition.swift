/// Decides whether a window that was just rewritten is rewritten again.
///
/// A badly fragmented one is: it was allocated from guests' copy-on-write leftovers, which the first pass uses up. One that
/// is less fragmented is rewritten again as long as that pays: under live load the guests' own blocks come between ours in
/// every pass. And one that is nearly contiguous is left: rewritten again, it does not continue where the window before
/// ends, and its old place remains as a hole that fragments the next ones. Figures: docs/engine-notes.md.
struct Repetition: Hashable {
    /// Most passes over a window after the first.
    static let most = 2
    /// Bytes rewritten again that an extent saved may cost.
    private static let price: Int64 = 4 << 20
    /// Extents that it costs elsewhere.
    private static let breakage = 3
    /// How many more passes may fail to pay.
    private var credit = 2

    /// Whether to rewrite `plan`, what is still worth it in the window, for the `attempt`th time again, counted from 1.
    func isWorthwhile(_ plan: WindowPlan, attempt: Int) -> Bool {
        let saved = plan.extents - plan.stretches.count - Self.breakage
        guard plan.bytes < Int64(saved) * Self.price else { return false }
        return attempt == 1 && plan.isBad || credit > 0
    }

    /// Learns what is left after another pass over `before`.
    mutating func learn(before: WindowPlan, after: WindowPlan) {
        guard !before.isBad else { return }
        let hasPaid = after.extents <= before.extents / 2
        credit = hasPaid ? min(credit + 1, 4) : credit - 1
    }
}
