import DefragTypes
import Testing

@testable import Worker

@Suite("What survey prints") struct SurveyTableTests {
    /// A file of `lengths`, each extent at 1 ms.
    static func found(
        _ path: String, _ lengths: [Int], gain: Double = 0, obstacle: Reason? = nil, hint: ByteCount? = nil
    ) -> FileSurvey {
        var statistics = ExtentStatistics()
        for length in lengths { statistics.count(extentOf: ByteCount(length)) }
        return FileSurvey(
            path: path, inode: 1, fileSystem: "u", size: statistics.mappedBytes, statistics: statistics,
            estimatedReflinkSeconds: 0.001 * Double(lengths.count), gainSeconds: gain, extentSizeHint: hint,
            obstacle: obstacle.map { .init(reason: $0, message: "'\(path)' is \($0)") })
    }

    private func lines(_ shown: [FileSurvey], of all: [FileSurvey], _ costs: [ReflinkCost] = []) -> [String] {
        var summary = SurveySummary()
        for survey in all { summary.count(survey) }
        summary.reflinkCosts = costs
        return SurveyTable(shown, of: summary).text.split(separator: "\n", omittingEmptySubsequences: false)
            .map(String.init)
    }

    @Test func nothing() {
        #expect(lines([], of: []) == ["no files", ""])
    }

    @Test("what is shown, and beneath it what holds for all")
    func table() {
        let many = Self.found("/many", [4096, 4096, 8192], gain: 0.002)
        let one = Self.found("/one", [1 << 20])
        let cost = ReflinkCost(
            fileSystem: "u", secondsPerExtent: 14e-6, secondsPerCopy: 1e-5, isMeasured: true)
        #expect(
            lines([many], of: [many, one], [cost]) == [
                "EXTENTS  AVERAGE   SIZE  SHARED  REFLINK  GAIN  FILE",
                "      3   5.3KiB  16KiB      0B      3ms   2ms  /many", "",
                "The first 1 of 2 files; --top N shows more.",
                "2 files, 1MiB in 4 extents. Reflink copies block writers for 4ms; laying the files well would "
                    + "save 2ms of it.", "Measured: 14us an extent.", "",
            ])
    }

    @Test("what makes copies slow though nothing can be gained, and what the file system lies on, is told")
    func explanations() {
        var image = Self.found("/a", [4096])
        image.preallocationChanges = 76799
        var few = Self.found("/b", [4096])
        few.preallocationChanges = 10
        var summary = SurveySummary()
        for survey in [image, few] { summary.count(survey) }
        summary.thinDevices = [.init(fileSystem: "u", message: "it lies on '/x\u{1B}.img'")]
        let lines = SurveyTable([image, few], of: summary).text.split(separator: "\n").map(String.init)
        #expect(lines[0].hasSuffix("NOTE  FILE"))
        #expect(lines[1].hasSuffix("preallocated 76799  /a"))
        #expect(lines[2].hasSuffix("   /b"))
        #expect(lines.contains { $0.hasPrefix("Preallocated, and written here and there: 1.") })
        #expect(lines.contains("Note: it lies on '/x�.img'."))
    }

    @Test("what is in the way is in a column of its own, and in words beneath")
    func notes() {
        let files = [
            Self.found("/a", [4096, 4096], gain: 0.001, obstacle: .immutable),
            Self.found("/b", [4096], obstacle: .swapFile, hint: .mebibytes(1)),
            Self.found("/c", [4096], obstacle: .immutable),
        ]
        let costs = ["u", "v"].map { ReflinkCost.usual(fileSystem: $0, because: $0 == "u" ? "no" : nil) }
        let lines = lines(files, of: files, costs)
        #expect(lines[0] == "EXTENTS  AVERAGE  SIZE  SHARED  REFLINK  GAIN                    NOTE  FILE")
        #expect(lines[1] == "      2     4KiB  8KiB      0B      2ms   1ms               immutable  /a")
        #expect(lines[2] == "      1     4KiB  4KiB      0B      1ms     -  swapFile, extsize 1MiB  /b")
        #expect(
            lines[5...] == [
                "3 files, 16KiB in 4 extents. Reflink copies block writers for 4ms; nothing of it can be gained as things are.",
                "Assumed on u: 20us an extent, because no.", "Assumed on v: 20us an extent.",
                "With an extsize hint: 1.",
                "Cannot be defragmented: 2 (immutable), such as '/a' is immutable.",
                "Cannot be defragmented: 1 (swapFile), '/b' is swapFile.", "",
            ])
    }

    @Test func histogram() {
        var histogram = SurveyHistogram()
        for lengths in [[1 << 20], [4096, 4096, 8192], [4096]] {
            histogram.add(Self.found("/", lengths).statistics)
        }
        let lines = histogram.text.split(separator: "\n")
        #expect(lines[0] == "  EXTENTS OF  NUMBER  BYTES")
        #expect(lines[1] == "  up to 4KiB       3  12KiB  " + String(repeating: "#", count: 40))
        #expect(lines[5].hasSuffix("  up to 1MiB       1   1MiB  " + String(repeating: "#", count: 14)))
    }

    @Test(
        "the line of progress fits",
        arguments: [
            (60, "/srv/vm/disk.img", "", "7 files, 99 extents  /srv/vm/disk.img"),
            (36, "/srv/vm/disk.img", "", "7 files, 99 extents  …rv/vm/disk.img"),
            (20, "/srv/vm/disk.img", "", "7 files, 99 extents "),
            (60, "/a", ", 5 extents up to 4KiB", "7 files, 99 extents  /a, 5 extents up to 4KiB"),
        ])
    func progress(width: Int, path: String, more: String, expected: String) {
        let line = SurveyProgress.line(files: 7, extents: 99, path: path, more, width: width)
        #expect(line == expected)
        #expect(line.count <= width)
    }
}
