/// Preallocation that is written here and there: to a reflink copy each written part is an extent of its own, and no run can save it,
/// as what is not written is never shared and stays where it is.
public enum Preallocation {
    /// Fewer changes between written and preallocated cost a copy some 10 ms at most, and are not worth a word.
    public static let leastChanges = 1000

    /// What there is to say about a file with so many changes; `nil` for few.
    public static func note(changes: Int) -> DefragResult.Note? {
        guard changes >= leastChanges else { return nil }
        return .init(
            .preallocated,
            "its preallocation is written here and there: \(changes) changes between written and unwritten, which a reflink copy "
                + "has to follow and no run can save. What is written in full, or was never preallocated, has none"
        )
    }
}
