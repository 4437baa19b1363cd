import DefragTypes

/// Finds, in a row of extents that follow each other, the stretches that are worth rewriting when each extent saved may
/// cost at most a price in space: bytes that other files share, and then share no longer.
///
/// A stretch of n extents that becomes one saves n - 1. So a stretch owes one price when it begins, each of its extents
/// earns one and costs what of it is shared. It is best ended where it has earned most; where it owes as much as a new
/// one would, a new one is better. That is the best selection there is at that price (maximum-sum segments with a
/// fixed cost each), found in one pass without looking back.
struct Appraiser: Hashable {
    /// A price that every extent is worth.
    static let unlimited = UnshareAllowance.unlimitedPrice

    /// What the next extent is to its stretch.
    enum Verdict: Hashable {
        /// The first of a new one: the one before ends where it was last worthwhile, if it ever was.
        case starts
        /// Worthwhile only if what follows makes it so.
        case pends
        /// Worthwhile, with everything since the start.
        case settles
    }

    /// Most shared bytes that an extent saved may cost; at least one.
    let price: Int64
    /// What the stretch owes at its end: what a new one would at the most.
    private var debt: Int64

    init(price: Int64) {
        self.price = price
        debt = price
    }

    /// Whether an extent may cost too much.
    var isLimited: Bool { price < Self.unlimited }

    /// Whether the next extent starts a stretch, whatever it is.
    var isAtStart: Bool { debt >= price }

    /// Takes the next extent, of which `shared` bytes are shared.
    mutating func add(shared: Int64) -> Verdict {
        let starts = isAtStart
        debt = min(debt, price) + shared - price
        guard debt < 0 else { return starts ? .starts : .pends }
        debt = 0
        return .settles
    }

    /// The next extent does not follow the last one.
    mutating func reset() { debt = price }
}
