import XFS

/// A map for tests of pure decisions: sizes in KiB, and places on the device that never touch unless said otherwise.
struct MapModel {
    static let kib: Int64 = 1024

    private(set) var records: [Extent] = []
    private var end: Int64 = 0
    private var device: Int64 = 1 << 40

    /// Where the file ends, in bytes.
    var size: Int64 { end }

    mutating func add(
        _ length: Int64, _ state: Extent.State = .written, shared: Bool = false, joined: Bool = false
    ) {
        if !joined { device += 1 << 20 }
        records.append(
            Extent(
                offset: end, physical: device, length: length * Self.kib, state: state,
                shared: shared ? length * Self.kib : 0))
        end += length * Self.kib
        device += length * Self.kib
    }

    mutating func hole(_ length: Int64) { end += length * Self.kib }

    /// The records from `start` on, as the file system would cut them.
    func records(from start: Int64) -> [Extent] {
        records.filter { $0.end > start }.map { record in
            var seen = record
            let cut = max(0, start - record.offset)
            seen.offset += cut
            seen.physical += cut
            seen.length -= cut
            seen.shared = min(seen.shared, seen.length)
            return seen
        }
    }
}
