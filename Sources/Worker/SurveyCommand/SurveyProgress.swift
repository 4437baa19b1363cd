import DefragTypes
import Settings

/// A line on the terminal, if standard error is one, that says how far a survey is.
struct SurveyProgress {
    private let isTerminal = terminalWidth() != nil
    private var throttle = Throttle(interval: .milliseconds(100))
    private var isDrawn = false
    private var path = ""
    private var files = 0
    private var extents = 0

    /// `path` is next, after what is in `summary`.
    mutating func begin(_ path: String, _ summary: SurveySummary) {
        guard isTerminal else { return }
        self.path = path
        files = summary.files
        extents = summary.extents
        draw()
    }

    /// So many extents of the current file are counted, up to `offset`.
    mutating func advance(extents: Int, offset: ByteCount) {
        guard isTerminal else { return }
        draw(", \(extents) extents up to \(offset)")
    }

    /// Wipes the line away, before anything else is written.
    mutating func clear() {
        if isDrawn { standardError("\r\u{1B}[K") }
        isDrawn = false
    }

    private mutating func draw(_ more: String = "") {
        guard throttle.isDue() else { return }
        let width = (terminalWidth() ?? 80) - 1
        standardError(
            "\r\(Self.line(files: files, extents: extents, path: path, more, width: width))\u{1B}[K")
        isDrawn = true
    }

    /// The line in at most `width` columns; of a path too long, the end is what tells.
    static func line(files: Int, extents: Int, path: String, _ more: String, width: Int) -> String {
        let head = "\(files) files, \(extents) extents  "
        let room = width - head.count - more.count
        guard room >= 8 else { return String((head + more).prefix(width)) }
        return head + (path.count <= room ? path : "…" + path.suffix(room - 1)).plain + more
    }
}
