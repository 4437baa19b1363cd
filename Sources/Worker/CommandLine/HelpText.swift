import Settings

extension Command {
    /// The first line of help: `reflow-worker defrag [options] FILE...`.
    var usage: String {
        "reflow-worker \(name)" + (options.isEmpty ? "" : " [options]")
            + (operands.isEmpty ? "" : " \(operands)")
    }

    /// The whole help, each line at most 100 columns wide.
    var help: String {
        let all = options + [Option("-h, --help", nil, "show this help")]
        let heads = all.map { option in option.name + (option.placeholder.map { " \($0)" } ?? "") }
        let column = heads.map(\.count).filter { $0 <= 30 }.max() ?? 0
        let lines = zip(heads, all).flatMap { head, option in
            let help = wrapped(option.help, to: 100 - column - 4)
            let indent = String(repeating: " ", count: column + 4)
            let fits = head.count <= column
            let first = "  " + (fits ? head.padded(to: column) + "  " + (help.first ?? "") : head)
            return [first] + help.dropFirst(fits ? 1 : 0).map { indent + $0 }
        }
        return
            (["Usage: \(usage)", "", summary + ".", "", "Options:"] + lines
            + (notes.isEmpty ? [] : ["", notes])).joined(separator: "\n") + "\n"
    }
}

/// `text` in lines of at most `width` characters, broken at spaces.
private func wrapped(_ text: String, to width: Int) -> [String] {
    text.split(separator: " ").reduce(into: [""]) { lines, word in
        let last = lines[lines.count - 1]
        if last.isEmpty {
            lines[lines.count - 1] = String(word)
        } else if last.count + 1 + word.count <= width {
            lines[lines.count - 1] = last + " " + word
        } else {
            lines.append(String(word))
        }
    }
}
