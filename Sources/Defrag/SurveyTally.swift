import DefragTypes
import XFS

/// Adds up a file's map, fed record by record: a survey's figures, in memory that does not depend on their number.
struct SurveyTally {
    /// The extents of the file.
    private(set) var statistics = ExtentStatistics()
    /// Extents that a reflink copy has to copy: its own, of data.
    private(set) var clonedExtents = 0
    /// How many of those could be saved.
    var savedExtents: Int { gain.saved }
    /// Changes between written and unwritten.
    var preallocationChanges: Int { changes.count }
    /// The picture, if one is wanted.
    private(set) var mapper: FileMapper?

    private var extents = ExtentMerger(rule: .neighbours)
    private var cloned = ExtentMerger(rule: .sameState)
    private var gain: LayoutGain
    private var changes = StateChangeCounter()

    /// An empty tally.
    init(target: Int64, mapper: FileMapper?) {
        self.mapper = mapper
        gain = LayoutGain(target: target)
    }

    /// Takes the next record of the map.
    mutating func add(_ record: Extent) {
        mapper?.add(record: record)
        changes.add(record)
        if let extent = extents.add(record) { count(extent) }
        if let extent = cloned.add(record) { count(cloned: extent) }
    }

    /// After the last record.
    mutating func finish() {
        if let extent = extents.finish() { count(extent) }
        if let extent = cloned.finish() { count(cloned: extent) }
        gain.finish()
    }

    private mutating func count(_ extent: Extent) {
        statistics.count(extentOf: ByteCount(extent.length))
        statistics.sharedBytes += ByteCount(extent.shared)
        mapper?.add(extent: extent)
    }

    private mutating func count(cloned extent: Extent) {
        guard extent.state == .written else { return }
        clonedExtents += 1
        gain.add(extent)
    }
}
