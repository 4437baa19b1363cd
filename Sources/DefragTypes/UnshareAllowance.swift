/// Which shared extents a run may unshare so that its budget buys most: those that save an extent for at most the
/// strict price everywhere, and for the generous price as long as enough is left for the former.
public struct UnshareAllowance: Codable, Hashable, Sendable {
    /// Most shared bytes that an extent saved may cost, wherever it is: the budget pays for all of these.
    @Bounded<Price> public var strict: Int64
    /// The next higher price: the budget pays for some of these, those that come first in the file.
    @Bounded<Price> public var generous: Int64
    /// What everything that is worth it will cost from each slot of the file on, at the strict price.
    @Bounded<Items<64, Bounded<Size>>> private var reserves: [Bounded<Size>]
    /// Bytes of the file for which a reserve is known as one.
    @Bounded<Price> private var slot: Int64

    /// A price that every extent is worth.
    public static let unlimitedPrice = Int64.max / 4

    /// Everything is within the budget, as far as is known: first come, first served.
    public static let unlimited = UnshareAllowance(
        strict: unlimitedPrice, generous: unlimitedPrice, costs: [], slot: 1)

    /// The allowance at which the file's slots, each of `slot` bytes, cost `costs` at the strict price.
    public init(strict: Int64, generous: Int64, costs: [Int64], slot: Int64) {
        self.strict = strict
        self.generous = generous
        self.slot = slot
        var sum: Int64 = 0
        reserves = Array(
            costs.reversed().map { cost in
                sum += cost
                return Bounded(wrappedValue: ByteCount(sum))
            }.reversed())
    }

    /// Whether something that would be worth it is left alone for its price.
    public var isLimited: Bool { strict < Self.unlimitedPrice }

    /// Bytes of the budget that are kept for what saves most behind `offset`; never less than it will cost.
    public func reserve(behind offset: Int64) -> Int64 {
        let index = Int(offset / slot)
        return index < reserves.count ? reserves[index].wrappedValue.rawValue : 0
    }
}

/// Bytes that an extent saved may cost, and other bytes of which there is one at least.
public enum Price: NumberBound {
    public typealias Value = Int64
    public static let range: ClosedRange<Int64> = 1...UnshareAllowance.unlimitedPrice
}
