import Glibc

/// What a picture on standard output may use.
struct Terminal: Hashable, Sendable {
    /// Columns.
    let width: Int
    /// Whether colours (the 256 of xterm) and block elements show; otherwise ASCII.
    let hasColour: Bool

    /// A terminal of `width` columns, or none at all; `environment` has the last word (https://no-color.org, and the
    /// locale).
    init(width: Int?, environment: [String: String]) {
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        let locale = value("LC_ALL") ?? value("LC_CTYPE") ?? value("LANG") ?? ""
        let isUnicode = locale.uppercased().contains("UTF-8") || locale.uppercased().contains("UTF8")
        self.width = width ?? 80
        hasColour = width != nil && value("NO_COLOR") == nil && value("TERM") != "dumb" && isUnicode
    }

    /// Standard output, as it is now.
    static var standardOutput: Terminal {
        Terminal(width: terminalWidth(of: STDOUT_FILENO), environment: processEnvironment())
    }
}
