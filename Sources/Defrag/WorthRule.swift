import XFS

/// Which extents are rewritten, and when that is worth it: the one rule of runs, dry runs and surveys. Figures are bytes.
struct WorthRule: Hashable {
    /// An extent at least this long is left alone.
    let target: Int64

    /// Most bytes that an extent saved may cost.
    var mostPrice: Int64 { target / 2 }

    func isSmall(_ extent: Extent) -> Bool { extent.length < target }

    /// How many of `extents`, which follow each other and have `bytes`, are saved by rewriting them.
    func saved(extents: Int, bytes: Int64) -> Int {
        extents - Int((bytes + target - 1) / target)
    }

    /// Whether saving `extents` is worth rewriting `bytes`.
    func isWorth(bytes: Int64, saving extents: Int) -> Bool {
        extents > 0 && bytes / Int64(extents) <= mostPrice
    }

    /// Whether rewriting `extents`, which follow each other and have `bytes`, is worth it: another run over the file must find
    /// little to do.
    func isWorthIt(extents: Int, bytes: Int64) -> Bool {
        isWorth(bytes: bytes, saving: saved(extents: extents, bytes: bytes))
    }
}
