import Glibc

extension Generation {
    /// Milliseconds since 1970 by this machine's clock. Generations are times, so that they grow whoever gives them.
    public static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    /// The greatest that is believed at `now`, in milliseconds since 1970: a day ahead, as clocks differ. One beyond it would keep
    /// out all that come after it.
    public static func latest(at now: Int64) -> Int64 { now + 86_400_000 }

    /// The one to give at `now`, by the clock, after one's own last one and the one that the host says it has.
    ///
    /// The host's counts whatever it is, as it takes only what is greater; one's own only if the host may take it.
    public static func next(after own: Int64, known: Int64, at now: Int64) -> Int64 {
        let last = max(isOutOfReach(own, known: known, at: now) ? 0 : own, known)
        return min(max(now, last + 1), range.upperBound)
    }

    /// What a newer one has to exceed at `now`: 0, so that any is newer, if `own` is beyond the latest. It was taken when the clock
    /// was ahead, or by a version without that bound.
    public static func standing(_ own: Int64, at now: Int64) -> Int64 { own > latest(at: now) ? 0 : own }

    /// Whether no host takes `own`, one that says it has `known`: it was given when the clock was ahead.
    public static func isOutOfReach(_ own: Int64, known: Int64, at now: Int64) -> Bool {
        own > latest(at: max(now, known))
    }
}

extension DesiredState {
    /// - Throws: ``ContractError`` where a generation of it is beyond the latest at `now`, in milliseconds since 1970.
    public func check(at now: Int64 = Generation.now) throws(ContractError) {
        let latest = max(generation, hold?.generation ?? 0)
        guard latest <= Generation.latest(at: now) else {
            throw ContractError(
                .malformed,
                "generation \(latest) is more than a day ahead of this host's clock, which says \(now) ms: one of the two clocks is wrong"
            )
        }
    }

    /// The generation that a newer state has to exceed at `now`.
    public func generation(at now: Int64) -> Int64 { Generation.standing(generation, at: now) }
}
