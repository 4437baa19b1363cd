import DefragTypes
import Settings

/// Draws a file's map: a sign for each cell, rows with their offsets, and a legend. The colour, or the letter, is the
/// size of the extents; the tide that rises in a cell, or the capital, is what other files share.
struct MapPicture: Sendable {
    /// Signs in a row: a multiple of 8, so that rows begin at round offsets.
    let columns: Int
    private let hasColour: Bool

    /// Most rows, so that a picture and its legend fit on a screen of 24 lines.
    private static let rows = 16
    /// Columns of the offsets: `1023.9GiB` and a space.
    private static let gutter = 10

    /// Pictures for `terminal`.
    init(terminal: Terminal) {
        columns = max(8, min(128, (terminal.width - Self.gutter) / 8 * 8))
        hasColour = terminal.hasColour
    }

    /// Most cells that a map may have.
    var mostCells: Int { columns * Self.rows }

    /// The picture, in lines.
    func text(of survey: FileSurvey, _ map: FileMap) -> String {
        let head = [bold(survey.path.plain)] + facts(survey, map)
        let rows = stride(from: 0, to: map.cells.count, by: columns).map { start in
            row(map.cells[start..<min(start + columns, map.cells.count)])
        }
        return (head + [""] + rows + (rows.isEmpty ? [] : [""] + legend)).map { $0 + "\n" }.joined()
    }

    // MARK: - What there is to say

    private func facts(_ survey: FileSurvey, _ map: FileMap) -> [String] {
        let statistics = survey.statistics
        func total(_ part: KeyPath<FileMap.Cell, ByteCount>) -> ByteCount {
            map.cells.reduce(.zero) { $0 + $1[keyPath: part] }
        }
        let parts = [
            ("shared", statistics.sharedBytes), ("preallocated", total(\.unwritten) + map.beyondEnd),
            ("not yet on disk", total(\.delayed)), ("holes", total(\.hole)),
        ].filter { $0.1 > .zero }.map { "\($0.1) \($0.0)" }
        let extents = statistics.extents == 1 ? "1 extent" : "\(statistics.extents) extents"
        var lines = [
            "\(survey.size) in \(extents), average \(statistics.averageExtent); a sign is \(map.cellSize)"
        ]
        if !parts.isEmpty { lines.append(parts.joined(separator: ", ")) }
        if survey.estimatedReflinkSeconds > 0 {
            let after = survey.estimatedReflinkSeconds - survey.gainSeconds
            lines.append(
                "a reflink copy blocks writers for \(Duration.seconds(survey.estimatedReflinkSeconds).text)"
                    + (survey.gainSeconds > 0 ? ", laid well for \(Duration.seconds(after).text)" : ""))
        }
        if let hint = survey.extentSizeHint { lines.append("carries an extsize hint of \(hint)") }
        if let note = Preallocation.note(changes: survey.preallocationChanges) { lines.append(note.message) }
        if let obstacle = survey.obstacle {
            lines.append("cannot be defragmented: \(obstacle.message.plain)")
        }
        return lines
    }

    private var legend: [String] {
        let sizes = SizeClass.allCases.map { "\(hasColour ? paint($0.colour, "█") : $0.letter) \($0.label)" }
        let others =
            hasColour
            ? [
                "\(paint(MapColour.shared, on: SizeClass.tiny.colour, "▁"))"
                    + "\(paint(MapColour.shared, on: SizeClass.well.colour, "▃")) partly, all shared",
                "\(paint(SizeClass.medium.colour, "▒")) mostly hole",
                "\(paint(MapColour.preallocated, "░")) preallocated", "\(paint(MapColour.hole, "·")) hole",
            ] : ["CAPITALS mostly shared", "~ preallocated", ". hole"]
        let indent = String(repeating: " ", count: Self.gutter)
        return [
            indent + "extents " + sizes.joined(separator: "  "),
            indent + others.joined(separator: "  "),
        ]
    }

    // MARK: - Rows

    private func row(_ cells: ArraySlice<FileMap.Cell>) -> String {
        let offset = cells.first?.offset ?? .zero
        let label = (offset == .zero ? "0" : "\(offset)").padded(to: Self.gutter - 1, left: true) + " "
        guard hasColour else { return label + cells.map(letter).joined() }
        // One escape for as many signs as look alike.
        var row = dim(label)
        var last = ""
        for sign in cells.map(sign) {
            if sign.style != last { row += sign.style }
            row += sign.glyph
            last = sign.style
        }
        return row + MapColour.reset
    }

    private func letter(_ cell: FileMap.Cell) -> String {
        if cell.hole == cell.length { return "." }
        if cell.written + cell.delayed == .zero { return "~" }
        let letter = SizeClass(cell.averageExtent).letter
        return cell.shared.rawValue * 2 > cell.written.rawValue ? letter.uppercased() : letter
    }

    private func sign(_ cell: FileMap.Cell) -> (style: String, glyph: String) {
        if cell.hole == cell.length { return (MapColour.style(MapColour.hole), "·") }
        if cell.written + cell.delayed == .zero { return (MapColour.style(MapColour.preallocated), "░") }
        let colour = SizeClass(cell.averageExtent).colour
        if cell.hole.rawValue * 2 > cell.length.rawValue { return (MapColour.style(colour), "▒") }
        guard cell.shared > .zero else { return (MapColour.style(colour), "█") }
        // Up to three eighths of the sign's height, so that the size stands out at all times.
        let tide = Int((Double(cell.shared.rawValue) / Double(cell.written.rawValue) * 3).rounded(.up))
        return (MapColour.style(MapColour.shared, on: colour), ["▁", "▂", "▃"][min(3, tide) - 1])
    }

    // MARK: - Styles

    private func paint(_ colour: Int, on background: Int? = nil, _ text: String) -> String {
        hasColour ? MapColour.style(colour, on: background) + text + MapColour.reset : text
    }

    private func bold(_ text: String) -> String { hasColour ? "\u{1B}[1m\(text)\(MapColour.reset)" : text }
    private func dim(_ text: String) -> String { hasColour ? "\u{1B}[2m\(text)\(MapColour.reset)" : text }
}

/// How large extents are on average, as far as a picture tells it.
enum SizeClass: Int, CaseIterable {
    case tiny, small, medium, large, larger, well

    private static let bounds: [(size: ByteCount, label: String)] = [
        (.kibibytes(16), "<16KiB"), (.kibibytes(64), "<64KiB"), (.kibibytes(256), "<256KiB"),
        (.mebibytes(1), "<1MiB"), (.mebibytes(16), "<16MiB"),
    ]

    /// The class of `average`.
    init(_ average: ByteCount) {
        let index = Self.bounds.firstIndex { average < $0.size } ?? Self.bounds.count
        self = Self(rawValue: index) ?? .well
    }

    /// What the legend calls it.
    var label: String { self == .well ? "more" : Self.bounds[rawValue].label }

    /// Its letter, without colours.
    var letter: String { ["a", "b", "c", "d", "e", "f"][rawValue] }

    /// Its colour: from red, which hurts, by yellow and green to blue.
    var colour: Int { [167, 209, 221, 114, 36, 32][rawValue] }
}

/// Colours of the 256 of xterm, and the escapes for them (ECMA-48 SGR).
enum MapColour {
    static let shared = 54
    static let preallocated = 245
    static let hole = 240
    static let reset = "\u{1B}[0m"

    static func style(_ colour: Int, on background: Int? = nil) -> String {
        "\u{1B}[0;38;5;\(colour)" + (background.map { ";48;5;\($0)" } ?? "") + "m"
    }
}
