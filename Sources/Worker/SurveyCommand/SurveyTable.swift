import DefragTypes
import Settings

/// Surveys as a table for people, with what is to be said about all files together beneath it.
struct SurveyTable {
    private let surveys: [FileSurvey]
    private let summary: SurveySummary

    /// A table of the files shown, in this order, out of those in `summary`.
    init(_ surveys: [FileSurvey], of summary: SurveySummary) {
        self.surveys = surveys
        self.summary = summary
    }

    var text: String {
        guard !surveys.isEmpty else { return "no files\n" }
        let notes = surveys.map(note)
        let hasNotes = notes.contains { !$0.isEmpty }
        let titles = ["EXTENTS", "AVERAGE", "SIZE", "SHARED", "REFLINK", "GAIN"]
        let rows = zip(surveys, notes).map { survey, note in
            figures(of: survey) + (hasNotes ? [note] : []) + [survey.path]
        }
        return columns([titles + (hasNotes ? ["NOTE"] : []) + ["FILE"]] + rows)
            + "\n" + footer.map { $0.plain + "\n" }.joined()
    }

    private func figures(of survey: FileSurvey) -> [String] {
        let statistics = survey.statistics
        return [
            "\(statistics.extents)", "\(statistics.averageExtent)", "\(survey.size)",
            "\(statistics.sharedBytes)",
            Duration.seconds(survey.estimatedReflinkSeconds).text,
            survey.gainSeconds > 0 ? Duration.seconds(survey.gainSeconds).text : "-",
        ]
    }

    private func note(_ survey: FileSurvey) -> String {
        let changes = survey.preallocationChanges
        let parts = [
            survey.obstacle?.reason.rawValue, survey.extentSizeHint.map { "extsize \($0)" },
            Preallocation.note(changes: changes).map { "\($0.reason) \(changes)" },
        ]
        return parts.compactMap { $0 }.joined(separator: ", ")
    }

    private var footer: [String] {
        let files = summary.files == 1 ? "1 file" : "\(summary.files) files"
        let gain = Duration.seconds(summary.gainSeconds).text
        var lines: [String] = []
        if summary.files > surveys.count {
            lines.append("The first \(surveys.count) of \(files); --top N shows more.")
        }
        lines.append(
            "\(files), \(summary.size) in \(summary.extents) extents. Reflink copies block writers for "
                + Duration.seconds(summary.reflinkSeconds).text
                + (summary.gainSeconds > 0
                    ? "; laying the files well would save \(gain) of it."
                    : summary.obstacles.isEmpty
                        ? "; there is nothing to gain." : "; nothing of it can be gained as things are."))
        lines += summary.reflinkCosts.map { cost in
            let perExtent = "\(Duration.seconds(cost.secondsPerExtent).text) an extent"
            // Where there are several file systems, which.
            let on = summary.reflinkCosts.count > 1 ? " on \(cost.fileSystem)" : ""
            return cost.isMeasured
                ? "Measured\(on): \(perExtent)."
                : "Assumed\(on): \(perExtent)" + (cost.message.map { ", because \($0)" } ?? "") + "."
        }
        lines += (summary.thinDevices ?? []).map { thin in
            (summary.reflinkCosts.count > 1 ? "On \(thin.fileSystem): " : "Note: ") + thin.message + "."
        }
        if summary.withExtentSizeHint > 0 {
            lines.append("With an extsize hint: \(summary.withExtentSizeHint).")
        }
        if let files = summary.withPreallocation {
            lines.append(
                "Preallocated, and written here and there: \(files). A reflink copy has to follow each change between written and "
                    + "unwritten (NOTE says how many), and no run can save that.")
        }
        lines += summary.obstacles.map { obstacle in
            "Cannot be defragmented: \(obstacle.files) (\(obstacle.reason))"
                + (obstacle.files == 1 ? ", " : ", such as ") + obstacle.example + "."
        }
        return lines
    }
}

/// The sizes of the extents of any number of files.
struct SurveyHistogram {
    private var buckets: [ExtentStatistics.Bucket] = []

    /// Counts a file's extents in.
    mutating func add(_ statistics: ExtentStatistics) {
        if buckets.isEmpty {
            buckets = statistics.histogram
        } else {
            for (index, bucket) in statistics.histogram.enumerated() {
                buckets[index].extents += bucket.extents
                buckets[index].bytes += bucket.bytes
            }
        }
    }

    var text: String {
        let most = max(1, buckets.map(\.extents).max() ?? 1)
        let table = buckets.map { bucket in
            let size = bucket.upTo.rawValue == .max ? "larger" : "up to \(bucket.upTo)"
            // At least one sign for anything at all: one huge extent among millions of small ones is worth seeing.
            let bar = (bucket.extents * 40 + most - 1) / most
            return [size, "\(bucket.extents)", "\(bucket.bytes)", String(repeating: "#", count: bar)]
        }
        return columns([["EXTENTS OF", "NUMBER", "BYTES", ""]] + table)
    }
}

/// Lines of cells, all but the last in columns aligned to the right.
private func columns(_ table: [[String]]) -> String {
    Columns(rows: table, rightAligned: Set(table[0].indices.dropLast())).text + "\n"
}
