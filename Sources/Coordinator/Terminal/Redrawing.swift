import Foundation
import Settings

/// Lines on stderr that are drawn again and again in the same place, and notes above them.
struct Redrawing {
    /// Whether stderr is a terminal: without one nothing is drawn, only notes are written.
    let isTerminal: Bool
    private var drawn: [String] = []

    init(isTerminal: Bool = isatty(STDERR_FILENO) == 1) {
        self.isTerminal = isTerminal
    }

    /// How many characters a line may have.
    var width: Int {
        var size = winsize()
        guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 20 else { return 79 }
        return Int(size.ws_col) - 1
    }

    /// Draws `lines` in the place of those that were drawn last.
    mutating func draw(_ lines: [String]) {
        guard isTerminal, lines != drawn else { return }
        erase()
        write(lines.map { "\($0.plain)\n" }.joined())
        drawn = lines
    }

    /// Writes `text` above what is drawn, to stay there.
    mutating func note(_ text: String) {
        let lines = drawn
        erase()
        write("\(text.plain)\n")
        draw(lines)
    }

    private mutating func erase() {
        // Up over the lines, clear to the end of the screen: ECMA-48 CPL and ED.
        if !drawn.isEmpty { write("\u{1B}[\(drawn.count)F\u{1B}[J") }
        drawn = []
    }

    private func write(_ text: String) {
        FileHandle.standardError.write(Data(text.utf8))
    }
}
