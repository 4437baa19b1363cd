import Contract
import DefragTypes
import ReflowAPI
import Settings

/// What a rollout would do, for people.
struct PlanText {
    let plan: PlanStatus

    var text: String {
        let titles = ["TURN", "HOST", "FILES", "SIZE", "EXTENTS", "GAIN", "LABELS"]
        var rows: [[String]] = []
        var notes: [String] = []
        for host in plan.hosts {
            rows.append([
                host.stage, host.name.description, "\(host.files)", "\(host.size)", "\(host.extents)",
                host.gainSeconds > 0 ? Duration(saturating: host.gainSeconds).text : "-",
                host.labels.text,
            ])
            notes += host.problems.map { "\(host.name): \($0)" }
        }
        let hosts = plan.hosts.isEmpty ? "no host is meant" : table(titles, rows, rightAligned: [2, 3, 4, 5])
        return
            ([hosts, ""] + totals
            + (plan.warnings.map { "Note: \($0)" } + notes).map { $0.cut(to: 1000).plain })
            .joined(separator: "\n")
    }

    private var totals: [String] {
        let total = plan.total
        guard total.files > 0 else { return ["There is nothing to do. Nothing was touched."] }
        var lines = [
            "\(counted(total.hosts, "host")), \(counted(total.files, "file")), \(total.size) in "
                + "\(counted(total.extents, "extent"))."
        ]
        lines.append(
            total.gainSeconds > 0
                ? "Reflink copies would block writers for \(Duration(saturating: total.gainSeconds).text) less."
                : "There is nothing to gain.")
        lines.append(
            "Space needed: \(total.spacePerFileSystem) on each file system"
                + (total.unshareBudget.map { ", and at most \($0) for each file that is shared now" } ?? "")
                + ".")
        if let seconds = total.seconds {
            lines.append("It would take about \(Duration(saturating: seconds).text).")
        }
        return lines + ["Nothing was touched."]
    }

    /// What it says to the shell: 1 if a host could not say what it has, something could not be looked at, or no file matches.
    var exitStatus: ExitStatus {
        plan.total.matched == 0 || plan.hosts.contains { !$0.hasAnswered || !$0.problems.isEmpty }
            ? .failed : .success
    }
}
