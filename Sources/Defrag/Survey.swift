public import DefragTypes
public import XFS

/// Surveys the extents of files, and changes nothing in them. Memory does not depend on the number of extents.
public struct Surveyor: Sendable {
    /// Most cells of the map of each file; `nil` for no maps.
    public var mapCells: Int?
    /// An extent this long counts as contiguous: the target of the default policy.
    private let target = Policy().targetExtent.rawValue
    private let swapFiles: SwapFiles

    /// A surveyor that knows the swap files in use now.
    public init(mapCells: Int? = nil) {
        self.mapCells = mapCells
        swapFiles = .active()
    }

    /// Looks at `file`.
    ///
    /// - Parameters:
    ///   - file: opened with ``openForSurvey(path:)``.
    ///   - path: the file as messages name it.
    ///   - goOn: asked every few thousand extents, with the extents so far and the offset; false gives the file up.
    ///   - cost: what a reflink copy costs on the file system with this UUID, for a file of so many extents.
    /// - Returns: the survey and, if asked for, the map; `nil` if given up.
    /// - Throws: `SystemError` of reading the map.
    public func look(
        at file: borrowing XFS.File, path: String,
        goOn: (_ extents: Int, _ offset: ByteCount) -> Bool = { _, _ in true },
        cost: (_ fileSystem: String, _ extents: Int) -> ReflinkCost = { uuid, _ in .usual(fileSystem: uuid) }
    ) throws(SystemError) -> (survey: FileSurvey, map: FileMap?)? {
        let status = try file.status()
        let geometry = try file.geometry()
        let attributes = try file.attributes()
        var tally = SurveyTally(
            target: target,
            mapper: mapCells.map {
                FileMapper(size: status.size, blockSize: geometry.blockSize, cells: $0)
            })
        var records = 0
        var map = MapCursor()
        while let record = try map.next(of: file) {
            tally.add(record)
            records += 1
            if records % 4096 == 0, !goOn(tally.statistics.extents, ByteCount(record.end)) { return nil }
        }
        tally.finish()
        var survey = FileSurvey(
            path: path, inode: status.inode, fileSystem: geometry.uuid, size: ByteCount(status.size),
            statistics: tally.statistics, estimatedReflinkSeconds: 0)
        if geometry.hasReflink {
            let cost = cost(geometry.uuid, tally.clonedExtents)
            survey.estimatedReflinkSeconds = cost.seconds(extents: tally.clonedExtents)
            survey.gainSeconds = Double(tally.savedExtents) * cost.secondsPerExtent
            survey.isCalibrated = cost.isMeasured
        }
        if attributes.flags.contains(.extentSizeHint) {
            survey.extentSizeHint = ByteCount(attributes.extentSizeHint)
        }
        survey.preallocationChanges = tally.preallocationChanges
        survey.obstacle = Preflight(path: path).obstacle(to: file, swapFiles: swapFiles).map {
            .init(reason: $0.reason, message: $0.message)
        }
        return (survey, tally.mapper?.map)
    }
}
