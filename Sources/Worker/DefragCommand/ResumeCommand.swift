import DefragTypes

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
    return plain && !word.isEmpty ? word : "'" + word.replacing("'", with: #"'\''"#) + "'"
}
