import DefragTypes

/// Surveys as a table for people, the most fragmented file first. Keeps a row for each file, and one histogram.
struct SurveyTable {
    private struct Row {
        let path: String
        let cells: [String]
        let extents: Int
    }

    private static let titles = ["EXTENTS", "AVERAGE", "SIZE", "SHARED", "REFLINK", "FILE"]
    private var rows: [Row] = []
    private var histogram: [ExtentStatistics.Bucket] = []

    mutating func add(_ survey: FileSurvey) {
        let statistics = survey.statistics
        let cells = [
            "\(statistics.extents)", "\(statistics.averageExtent)", "\(survey.size)",
            "\(statistics.sharedBytes)",
            Duration.seconds(survey.estimatedReflinkSeconds).text,
        ]
        rows.append(Row(path: survey.path, cells: cells, extents: statistics.extents))
        if histogram.isEmpty {
            histogram = statistics.histogram
        } else {
            for (index, bucket) in statistics.histogram.enumerated() {
                histogram[index].extents += bucket.extents
                histogram[index].bytes += bucket.bytes
            }
        }
    }

    func text(withHistogram: Bool) -> String {
        guard !rows.isEmpty else { return "no files\n" }
        let sorted = rows.sorted { ($1.extents, $0.path) < ($0.extents, $1.path) }
        let table = [Self.titles] + sorted.map { $0.cells + [$0.path] }
        return columns(table) + (withHistogram ? "\n" + histogramText : "")
    }

    private var histogramText: String {
        let most = max(1, histogram.map(\.extents).max() ?? 1)
        let table = histogram.map { bucket in
            let size = bucket.upTo.rawValue == .max ? "larger" : "up to \(bucket.upTo)"
            // At least one sign for anything at all: one huge extent among millions of small ones is worth seeing.
            let bar = (bucket.extents * 40 + most - 1) / most
            return [size, "\(bucket.extents)", "\(bucket.bytes)", String(repeating: "#", count: bar)]
        }
        return columns([["EXTENTS OF", "NUMBER", "BYTES", ""]] + table)
    }

    /// Lines of cells, all but the last in columns aligned to the right.
    private func columns(_ table: [[String]]) -> String {
        let widths = table[0].indices.map { column in table.map { $0[column].count }.max() ?? 0 }
        return table.map { cells in
            let aligned = zip(cells, widths).dropLast().map { padded(to: $1, $0) }
            return (aligned + [cells[cells.count - 1]]).joined(separator: "  ") + "\n"
        }.joined()
    }
}
