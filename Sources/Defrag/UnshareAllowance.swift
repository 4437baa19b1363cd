/// Which shared extents a run may unshare so that its budget buys most: those that save an extent for at most the
/// strict price everywhere, and for the generous price as long as enough is left for the former.
struct UnshareAllowance: Hashable, Sendable {
    /// Most shared bytes that an extent saved may cost, wherever it is: the budget pays for all of these.
    let strict: Int64
    /// The next higher price: the budget pays for some of these, those that come first in the file.
    let generous: Int64
    /// What everything that is worth it will cost from each slot of the file on, at the strict price.
    private let reserves: [Int64]
    private let slot: Int64

    /// Everything is within the budget, as far as is known: first come, first served.
    static let unlimited = UnshareAllowance(
        strict: Appraiser.unlimited, generous: Appraiser.unlimited, costs: [], slot: 1)

    /// The allowance at which the file's slots, each of `slot` bytes, cost `costs` at the strict price.
    init(strict: Int64, generous: Int64, costs: [Int64], slot: Int64) {
        self.strict = strict
        self.generous = generous
        self.slot = slot
        var sum: Int64 = 0
        reserves = Array(
            costs.reversed().map { cost in
                sum += cost
                return sum
            }.reversed())
    }

    /// Whether something that would be worth it is left alone for its price.
    var isLimited: Bool { strict < Appraiser.unlimited }

    /// Bytes of the budget that are kept for what saves most behind `offset`; never less than it will cost.
    func reserve(behind offset: Int64) -> Int64 {
        let index = Int(offset / slot)
        return index < reserves.count ? reserves[index] : 0
    }
}
