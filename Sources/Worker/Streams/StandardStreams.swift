import Glibc
import Settings

/// Writes `text` to standard error: messages for people. Nobody can be told when that fails.
func standardError(_ text: String) {
    _ = writeAll(text.utf8, to: STDERR_FILENO)
}

/// Writes `text` to standard output.
///
/// - Returns: whether somebody still reads it.
@discardableResult
func standardOutput(_ text: String) -> Bool {
    writeAll(text.utf8, to: STDOUT_FILENO)
}

/// Writes `line`, one line without its end, to standard output: in one call, so that lines of several writers to
/// one pipe do not mix.
///
/// - Returns: whether somebody still reads it.
func standardOutput(line: [UInt8]) -> Bool {
    writeAll(line + [UInt8(ascii: "\n")], to: STDOUT_FILENO)
}

/// Columns of the terminal that `descriptor`, by default standard error, is, or `nil` if it is none.
func terminalWidth(of descriptor: CInt = STDERR_FILENO) -> Int? {
    guard isatty(descriptor) == 1 else { return nil }
    var size = winsize()
    guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
}

/// The environment variables of this process.
func processEnvironment() -> [String: String] {
    var variables: [String: String] = [:]
    var entry = environ
    while let text = entry.pointee {
        let parts = String(cString: text).split(
            separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        variables[String(parts[0])] = parts.count == 2 ? String(parts[1]) : ""
        entry += 1
    }
    return variables
}
