import Contract
import DefragTypes
import Rollout

/// A job's summary as a table for people.
struct JobTable {
    let summary: JobSummary

    var text: String {
        var rows = [["HOST", "FILE", "EXTENTS", "AFTER", "AVERAGE", "REWRITTEN", "PAUSE", "TIME", "STATUS"]]
        var notes: [String] = []
        for host in summary.hosts {
            for file in host.files { rows.append(row(host.host.description, file, &notes)) }
            if host.files.isEmpty {
                let text =
                    host.status != .finished
                    ? host.status.rawValue
                    : host.matched == 0
                        ? "no file matches" : "nothing to do: \(host.matched) file(s) lie well"
                rows.append([host.host.description, "-", "", "", "", "", "", "", text])
            }
            if let message = host.message { notes.append("\(host.host) \(message)") }
            notes += host.problems.map { "\(host.host): \($0)" }
        }
        return Columns(rows: rows, rightAligned: [2, 3, 4, 5, 6, 7]).text
            + notes.map { "\n\($0)" }.joined()
    }

    private func row(_ host: String, _ file: DefragResult, _ notes: inout [String]) -> [String] {
        if let message = file.message, file.status != .done {
            notes.append("\(host): \(file.path): \(message)")
        }
        let average =
            file.extents.after > 0 ? ByteCount(file.size.rawValue / Int64(file.extents.after)) : .zero
        return [
            host, file.path, "\(file.extents.before)", "\(file.extents.after)", average.description,
            file.bytes.rewritten.description, Duration.seconds(file.pause.maxMs / 1000).text,
            Duration.seconds(file.seconds).text,
            file.status.rawValue + (file.reason.map { " (\($0))" } ?? ""),
        ]
    }
}

/// Text in aligned columns.
struct Columns {
    let rows: [[String]]
    var rightAligned: Set<Int> = []

    var text: String {
        let count = rows.map(\.count).max() ?? 0
        let widths = (0..<count).map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = row.indices.map { column in
                let padding = String(repeating: " ", count: widths[column] - row[column].count)
                return rightAligned.contains(column) ? padding + row[column] : row[column] + padding
            }
            let line = cells.joined(separator: "  ")
            return String(line.prefix(line.count - line.reversed().prefix { $0 == " " }.count))
        }.joined(separator: "\n")
    }
}
