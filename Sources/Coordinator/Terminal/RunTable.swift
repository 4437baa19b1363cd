import Contract
import DefragTypes
import Settings

/// What came of `reflow run`, as a table for people.
struct RunTable {
    let summary: RunSummary

    var text: String {
        let titles = [
            "HOST", "FILE", "EXTENTS", "AFTER", "AVERAGE", "REWRITTEN", "PAUSE", "OVER", "TIME", "STATUS",
        ]
        var rows: [[String]] = []
        var notes: [String] = []
        for host in summary.hosts {
            for file in host.files { rows.append(row(host.host.description, file, &notes)) }
            if host.files.isEmpty {
                let text =
                    host.status != .finished
                    ? host.status.rawValue
                    : host.matched == 0
                        ? "no file matches"
                        : "nothing to do: \(counted(host.matched, "file")) already well laid"
                rows.append([host.host.description, "-", "", "", "", "", "", "", "", text])
            }
            if let message = host.message { notes.append("\(host.host) \(message)") }
            notes += host.problems.map { "\(host.host): \($0)" }
        }
        return table(titles, rows, rightAligned: [2, 3, 4, 5, 6, 7, 8], notes: notes)
    }

    private func row(_ host: String, _ file: DefragResult, _ notes: inout [String]) -> [String] {
        if let message = file.message, file.status != .done {
            notes.append("\(host): \(file.path): \(message)")
        }
        let average =
            file.extents.after > 0 ? ByteCount(file.size.rawValue / Int64(file.extents.after)) : .zero
        return [
            host, file.path, "\(file.extents.before)", "\(file.extents.after)", average.description,
            file.bytes.rewritten.description, Duration(saturating: file.pause.maxMs / 1000).text,
            file.pause.overText ?? "", Duration(saturating: file.seconds).text,
            file.status.rawValue + (file.reason.map { " (\($0))" } ?? ""),
        ]
    }
}
