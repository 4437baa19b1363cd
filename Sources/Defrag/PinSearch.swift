import XFS

/// Searches a file for a written block to pin, again and again as guests separate them.
///
/// It begins where the last one was found, and looks everywhere. Where nothing was found, there is most likely preallocation, and
/// each further search looks at one batch of records, where the one before ended: what a chunk costs must not depend on how
/// much preallocation is behind it.
struct PinSearch {
    /// Records that a search looks at where the one before found nothing: some 0.1 ms.
    static let batch = 64

    private var place: Int64 = 0
    private var isInVain = false

    /// A block of `range` that is written, at the start of a record.
    mutating func next(
        in range: Range<Int64>, of file: borrowing XFS.File, blockSize: Int64
    ) throws(SystemError) -> Extent? {
        guard !range.isEmpty else { return nil }
        if !range.contains(place) { place = range.lowerBound }
        let parts =
            isInVain ? [place..<range.upperBound] : [place..<range.upperBound, range.lowerBound..<place]
        for part in parts where !part.isEmpty {
            var map = isInVain ? MapCursor(part, batch: Self.batch) : MapCursor(part)
            var records = 0
            while let record = try map.next(of: file) {
                let start = (record.offset + blockSize - 1) / blockSize * blockSize
                if record.state == .written, start + blockSize <= min(record.end, range.upperBound) {
                    (place, isInVain) = (start, false)
                    var found = record
                    found.offset = start
                    return found
                }
                records += 1
                if isInVain, records == Self.batch {
                    place = record.end
                    return nil
                }
            }
        }
        (place, isInVain) = (range.lowerBound, true)
        return nil
    }
}
