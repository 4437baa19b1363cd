import Foundation
import Settings

/// Standard error for a log: what is written at a time is one line with its end, whatever is in it.
struct PlainStandardError: TextOutputStream, Sendable {
    func write(_ line: String) {
        FileHandle.standardError.write(Data((line.dropLast().plain + "\n").utf8))
    }
}
