/// Decides whether a window that was just laid is laid again.
///
/// A badly broken one is: guests' copy-on-write leftovers do that, and the first time uses them up. One that is less
/// broken is laid again as long as that pays: under live load the guests' own blocks come between ours however often we
/// try. And one that is nearly whole is left: laid again, it does not go on where the window before ends, and its place
/// stays behind as a hole that the next ones are broken by. Idle files of 512 MiB ended so in 38 to 66 extents instead of 13;
/// one of 128 MiB, in slices and small windows, in 73 to 93 instead of 6, and was written three times.
struct Repetition: Hashable {
    /// Most times that a window is laid after the first.
    static let most = 2
    /// Bytes written again that an extent saved may cost.
    private static let price: Int64 = 4 << 20
    /// Extents that it costs elsewhere.
    private static let breakage = 3
    /// How often it may still fail to pay.
    private var credit = 2

    /// Whether to lay `plan`, what is still worth it in the window, again for the `attempt`th time, counted from 1.
    func isWorthwhile(_ plan: WindowPlan, attempt: Int) -> Bool {
        let saved = plan.extents - plan.runs.count - Self.breakage
        guard plan.bytes < Int64(saved) * Self.price else { return false }
        return attempt == 1 && plan.isBad || credit > 0
    }

    /// Learns what laying `before` again has left over.
    mutating func learn(before: WindowPlan, after: WindowPlan) {
        guard !before.isBad else { return }
        let hasPaid = after.extents <= before.extents / 2
        credit = hasPaid ? min(credit + 1, 4) : credit - 1
    }
}
