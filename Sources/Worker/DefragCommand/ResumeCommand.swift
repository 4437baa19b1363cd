import DefragTypes
import Settings

/// The command lines that go on where `results` stopped: the file in the middle of which it was with its offset, the
/// files not begun together.
func resumeCommands(after results: [DefragResult], _ options: DefragOptions) -> [String] {
    let stopped = results.filter { $0.status == .partial && $0.reason != .notFound }
    let begun = stopped.filter { ($0.nextOffset ?? .zero) > .zero }
    let untouched = stopped.filter { ($0.nextOffset ?? .zero) == .zero }.map(\.path)
    func command(_ options: [String], _ files: [String]) -> String {
        let end = files.contains { $0.hasPrefix("-") } ? ["--"] : []
        return (["reflow-worker", "defrag"] + options + end + files).map(shellQuoted).joined(separator: " ")
    }
    return begun.map { result in
        command(options.repeated + ["--from", "\((result.nextOffset ?? .zero).rawValue)"], [result.path])
    } + (untouched.isEmpty ? [] : [command(options.repeated, untouched)])
}

/// `word` as a shell reads it back.
func shellQuoted(_ word: String) -> String {
    let plain = word.allSatisfy { character in
        character.isASCII && (character.isLetter || character.isNumber || "-_./=:,%+@".contains(character))
    }
    // What a terminal would obey is shown as bash's $'…' has it, byte by byte.
    guard word.plain == word else {
        return "$'"
            + word.utf8.map {
                $0 < 0x20 || $0 > 0x7E || $0 == 0x27 || $0 == 0x5C ? escaped($0) : String(UnicodeScalar($0))
            }.joined() + "'"
    }
    return plain && !word.isEmpty ? word : "'" + word.replacing("'", with: #"'\''"#) + "'"
}

private func escaped(_ byte: UInt8) -> String { "\\x" + String(UInt16(byte) + 0x100, radix: 16).dropFirst() }
