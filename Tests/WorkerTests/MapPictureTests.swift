import DefragTypes
import Testing

@testable import Worker

@Suite("The picture of a file") struct MapPictureTests {
    private static let mebibyte: Int64 = 1 << 20

    private func cell(
        _ index: Int, average: Int64 = 0, written: Int64 = 0, shared: Int64 = 0, unwritten: Int64 = 0
    ) -> FileMap.Cell {
        var cell = FileMap.Cell(offset: .mebibytes(Int64(index)), length: .mebibytes(1))
        cell.averageExtent = ByteCount(average)
        cell.written = ByteCount(written)
        cell.shared = ByteCount(shared)
        cell.unwritten = ByteCount(unwritten)
        cell.hole = cell.length - cell.written - cell.unwritten
        return cell
    }

    /// Hole, preallocation, every size of extents, a half and a whole shared one, one that is mostly hole.
    private var map: FileMap {
        let whole = Self.mebibyte
        let cells = [
            cell(0), cell(1, average: 1 << 20, unwritten: whole), cell(2, average: 4096, written: whole),
            cell(3, average: 16384, written: whole), cell(4, average: 65536, written: whole),
            cell(5, average: 1 << 18, written: whole), cell(6, average: 1 << 20, written: whole),
            cell(7, average: 1 << 24, written: whole), cell(8, average: 4096, written: whole, shared: 4096),
            cell(9, average: 4096, written: whole, shared: whole), cell(10, average: 65536, written: 65536),
        ]
        return FileMap(cellSize: .mebibytes(1), beyondEnd: 4096, cells: cells)
    }

    private var survey: FileSurvey {
        var survey = SurveyTableTests.found("/vm.img", [4096, 4096], gain: 0.001, hint: .mebibytes(2))
        survey.size = .mebibytes(11)
        survey.statistics.sharedBytes = .mebibytes(1)
        survey.obstacle = .init(reason: .immutable, message: "it is immutable")
        return survey
    }

    private func lines(width: Int?, _ environment: [String: String] = ["LANG": "en_US.UTF-8"]) -> [String] {
        let terminal = Terminal(width: width, environment: environment)
        return MapPicture(terminal: terminal).text(of: survey, map).split(
            separator: "\n", omittingEmptySubsequences: false
        ).map(String.init)
    }

    @Test("in plain characters where there is no terminal")
    func plain() {
        #expect(
            lines(width: nil) == [
                "/vm.img", "11MiB in 2 extents, average 4KiB; a sign is 1MiB",
                "1MiB shared, 1MiB preallocated, 1.9MiB holes",
                "a reflink copy blocks writers for 2ms, laid well for 1ms",
                "carries an extsize hint of 2MiB", "cannot be defragmented: it is immutable", "",
                "        0 .~abcdefaAc", "",
                "          extents a <16KiB  b <64KiB  c <256KiB  d <1MiB  e <16MiB  f more",
                "          CAPITALS mostly shared  ~ preallocated  . hole", "",
            ])
    }

    @Test("in rows that fit the width and begin at round offsets")
    func rows() {
        let rows = lines(width: 20, [:]).filter { $0.hasPrefix("     ") && !$0.hasPrefix("          ") }
        #expect(rows == ["        0 .~abcdef", "     8MiB aAc"])
        for (width, columns) in [(0, 8), (80, 64), (97, 80), (98, 88), (1000, 128)] {
            let terminal = Terminal(width: width, environment: [:])
            #expect(MapPicture(terminal: terminal).columns == columns)
        }
    }

    @Test("in colours on a terminal: the size as the colour, sharing as the dark lower part")
    func colours() {
        func escape(_ codes: String) -> String { "\u{1B}[0;38;5;\(codes)m" }
        let lines = lines(width: 80)
        #expect(
            lines[7] == "\u{1B}[2m        0 \u{1B}[0m" + escape("240") + "·" + escape("245") + "░"
                + escape("167") + "█" + escape("209") + "█" + escape("221") + "█" + escape("114") + "█"
                + escape("36") + "█" + escape("32") + "█" + escape("54;48;5;167") + "▁▃" + escape("221") + "▒"
                + "\u{1B}[0m")
        #expect(lines[9].contains(escape("167") + "█\u{1B}[0m <16KiB"))
    }

    @Test(
        "without colours where they are unwanted or invisible",
        arguments: [
            (["LANG": "C.UTF-8"], true), (["LANG": "C"], false), ([:], false),
            (["LANG": "C.UTF-8", "NO_COLOR": "1"], false), (["LANG": "C.UTF-8", "NO_COLOR": ""], true),
            (["LANG": "C.UTF-8", "TERM": "dumb"], false), (["LANG": "C.UTF-8", "LC_ALL": "C"], false),
            (["LC_ALL": "de_DE.utf8"], true),
        ])
    func terminals(environment: [String: String], hasColour: Bool) {
        #expect(Terminal(width: 80, environment: environment).hasColour == hasColour)
        #expect(!Terminal(width: nil, environment: environment).hasColour)
    }

    @Test func emptyFile() {
        let survey = SurveyTableTests.found("/empty", [])
        let picture = MapPicture(terminal: Terminal(width: nil, environment: [:]))
        #expect(
            picture.text(of: survey, FileMap(cellSize: 4096, cells: []))
                == "/empty\n0B in 0 extents, average 0B; a sign is 4KiB\n\n")
    }
}
