import DefragTypes
import Testing
import XFS

@testable import Defrag

/// The figures that a survey derives from a map and from measured times.
struct SurveyFiguresTests {
    private static let mebibyte: Int64 = 1 << 20

    /// Extents as (offset, length) in KiB, none next to another on the device.
    private func tally(_ extents: [(Int64, Int64)], state: Extent.State = .written) -> SurveyTally {
        var tally = SurveyTally(target: 16 * Self.mebibyte, mapper: nil)
        for (index, extent) in extents.enumerated() {
            tally.add(
                Extent(
                    offset: extent.0 << 10, physical: Int64(index) << 40, length: extent.1 << 10, state: state
                ))
        }
        tally.finish()
        return tally
    }

    @Test(
        "an extent is saved where small ones follow each other",
        arguments: [
            ([], 0), ([(0, 4)], 0), ([(0, 4), (4, 4)], 1), ([(0, 4), (4, 4), (8, 4)], 2),
            // A hole between them, or a long extent.
            ([(0, 4), (8, 4)], 0), ([(0, 4), (4, 16384), (16388, 4)], 0),
            ([(0, 4), (4, 4), (8, 16384), (16392, 4), (16396, 4)], 2),
            // Eight times 4 MiB are two windows of 16 MiB: three saved in each. Two times 9 MiB are not worth it: 18 MiB
            // to save none.
            ((0..<8).map { ($0 * 4096, 4096) }, 6), ([(0, 9216), (9216, 9216)], 0),
            // One saved for 12 MiB costs too much, for 8 MiB it is just worth it.
            ([(0, 6144), (6144, 6144)], 0), ([(0, 4096), (4096, 4096)], 1),
        ] as [([(Int64, Int64)], Int)])
    func gain(extents: [(Int64, Int64)], saved: Int) {
        #expect(tally(extents).savedExtents == saved)
        #expect(tally(extents, state: .unwritten).savedExtents == 0)
    }

    @Test func whatAReflinkCopyCopies() {
        #expect(tally([(0, 4), (4, 4)]).clonedExtents == 2)
        #expect(tally([(0, 4), (4, 4)], state: .unwritten).clonedExtents == 0)
        #expect(tally([(0, 4), (4, 4)], state: .unwritten).statistics.extents == 2)
    }

    @Test(
        "changes between written and preallocated count where nothing lies between",
        arguments: [
            ("w", 0), ("wu", 1), ("wuwuw", 4), ("ww", 0), ("wuu", 1), ("w.u", 0), ("wu.uw", 2), ("wdu", 0),
            ("uw", 1),
        ])
    func preallocationChanges(states: String, changes: Int) {
        var tally = SurveyTally(target: 16 * Self.mebibyte, mapper: nil)
        for (index, letter) in states.enumerated() where letter != "." {
            tally.add(
                Extent(
                    offset: Int64(index) << 12, physical: Int64(index) << 12, length: 4096,
                    state: letter == "w" ? .written : letter == "u" ? .unwritten : .delayed))
        }
        tally.finish()
        #expect(tally.preallocationChanges == changes)
    }

    @Test("the cost of a copy comes from the medians, and its fixed part is apart")
    func cost() {
        var calibration = ReflinkCalibration(
            extents: 101, copies: [.microseconds(1020), .milliseconds(900), .microseconds(1019)],
            single: [.microseconds(20), .seconds(1), .microseconds(19)])
        let cost = calibration.cost(fileSystem: "u")
        #expect(cost.isMeasured)
        #expect(abs(cost.secondsPerExtent - 10e-6) < 1e-9)
        #expect(abs(cost.secondsPerCopy - 20e-6) < 1e-9)
        #expect(abs(cost.seconds(extents: 1000) - 0.01002) < 1e-8)
        calibration.copies = []
        #expect(!calibration.cost(fileSystem: "u").isMeasured)
        calibration.copies = [.zero]
        #expect(
            calibration.cost(fileSystem: "u") == .usual(fileSystem: "u", because: "the clock is too coarse"))
    }

    @Test func aSummaryCountsWhatCanBeGained() {
        func found(_ gain: Double, _ obstacle: Reason?) -> FileSurvey {
            var statistics = ExtentStatistics()
            statistics.count(extentOf: 4096)
            return FileSurvey(
                path: "/a", inode: 1, fileSystem: "u", size: 4096, statistics: statistics,
                estimatedReflinkSeconds: 1, gainSeconds: gain,
                obstacle: obstacle.map { .init(reason: $0, message: "\($0)!") })
        }
        var summary = SurveySummary()
        for survey in [found(0.5, nil), found(0.25, .dax), found(0.5, .swapFile), found(0.125, .swapFile)] {
            summary.count(survey)
        }
        #expect(summary.files == 4)
        #expect(summary.size == 16384)
        #expect(summary.reflinkSeconds == 4)
        #expect(summary.gainSeconds == 0.5)
        #expect(
            summary.obstacles == [
                .init(reason: .swapFile, files: 2, example: "swapFile!"),
                .init(reason: .dax, files: 1, example: "dax!"),
            ])
    }
}
