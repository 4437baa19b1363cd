import XFS

/// What Linux 5.18 to 6.5 does with a large folio of the page cache of which one block is dirty: it writes the whole folio, and so
/// fills holes and preallocation with zeros, and separates shared blocks that nobody has written to. Every buffered write has
/// that effect, and so has an unshare.
///
/// XFS has had large folios since 5.18, and iomap has kept in mind which of their blocks are dirty since 6.6.
enum WholeFolios {
    /// Whether this kernel does so.
    static let areWritten: Bool = {
        let numbers = KernelRelease.current.numbers
        return !numbers.lexicographicallyPrecedes([5, 18]) && numbers.lexicographicallyPrecedes([6, 6])
    }()
}
