import Contract
import DefragTypes
import ReflowAPI
import Settings

/// What hosts have, for people.
struct SurveyText {
    let survey: SurveyStatus

    var text: String {
        let titles = ["HOST", "EXTENTS", "AVERAGE", "SIZE", "SHARED", "REFLINK", "GAIN", "FILE"]
        var rows: [[String]] = []
        var notes: [String] = []
        for host in survey.hosts {
            for file in host.files { rows.append(row(host.name.description, file)) }
            if let message = host.message { notes.append(message) }
            notes += host.files.compactMap { file in file.obstacle.map { "\(host.name): \($0.message)" } }
            notes += host.files.compactMap { file in
                Preallocation.note(changes: file.preallocationChanges).map {
                    "\(host.name): \(file.path): \($0.message)"
                }
            }
            notes += (host.summary?.thinDevices ?? []).map {
                "\(host.name): \($0.message) (\($0.fileSystem))"
            }
            notes += host.problems.map { "\(host.name): \($0)" }
        }
        let files = rows.isEmpty ? "no files" : table(titles, rows, rightAligned: [1, 2, 3, 4, 5, 6])
        return ([files, "", totals] + notes.map { $0.cut(to: 1000).plain }).joined(separator: "\n")
    }

    private func row(_ host: String, _ file: FileSurvey) -> [String] {
        [
            host, "\(file.statistics.extents)", "\(file.statistics.averageExtent)", "\(file.size)",
            "\(file.statistics.sharedBytes)", Duration(saturating: file.estimatedReflinkSeconds).text,
            file.gainSeconds > 0 ? Duration(saturating: file.gainSeconds).text : "-", file.path,
        ]
    }

    private var totals: String {
        let summaries = survey.hosts.compactMap(\.summary)
        let gain = summaries.reduce(0) { $0 + $1.gainSeconds }
        let shown = survey.hosts.reduce(0) { $0 + $1.files.count }
        let files = summaries.reduce(0) { $0 + $1.files }
        let matched = survey.hosts.reduce(0) { $0 + $1.matched }
        guard matched > 0 else { return "No file matches." }
        guard files > 0 else {
            return "\(counted(matched, "file")) on \(counted(survey.hosts.count, "host")), all well laid."
        }
        return "\(counted(files, "file")) on \(counted(survey.hosts.count, "host"))"
            + (files > shown ? ", of which \(shown) are shown" : "") + "; "
            + (gain > 0
                ? "defragmenting them would save \(Duration(saturating: gain).text)."
                : "there is nothing to gain.")
    }

    /// What it says to the shell: 1 if a host could not do it, something could not be looked at, or no file matches.
    var exitStatus: ExitStatus {
        survey.hosts.contains { $0.state == .failed || !$0.problems.isEmpty }
            || survey.hosts.allSatisfy { $0.matched == 0 } ? .failed : .success
    }
}
