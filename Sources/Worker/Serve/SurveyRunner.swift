import Contract
import Defrag
import DefragTypes
import XFS

/// Carries out one survey, on the caller's thread.
struct SurveyRunner: Sendable {
    let roots: Roots
    let standing: Standing

    /// What a survey found.
    struct Findings: Sendable {
        /// The most fragmented first.
        var files: [FileSurvey] = []
        /// How many files matched.
        var matched = 0
        /// What could not be looked at, in words.
        var problems: [String] = []
        /// The worker is leaving, and did not look everywhere.
        var isCutShort = false

        /// The files in pieces that fit into messages.
        var pages: [[FileSurvey]] {
            stride(from: 0, to: files.count, by: Findings.pageSize).map {
                Array(files[$0..<min($0 + Findings.pageSize, files.count)])
            }
        }

        /// A file takes about 1 KiB on a page, and 5 KiB with the longest path; a message holds 1 MiB.
        private static let pageSize = 100
        /// Most files kept: the most fragmented ones.
        fileprivate static let mostFiles = 20_000
        /// Most problems kept.
        fileprivate static let mostProblems = 50

        fileprivate mutating func note(_ problem: String) {
            if problems.count < Findings.mostProblems { problems.append(problem) }
        }

        fileprivate mutating func rank() {
            files.sort { $0.statistics.extents > $1.statistics.extents }
            files.removeLast(max(0, files.count - Findings.mostFiles))
        }
    }

    /// Looks at every file that matches `task`, each once.
    func run(_ task: SurveyTask) -> Findings {
        var findings = Findings()
        var seen: Set<String> = []
        for pattern in task.patterns {
            do throws(Roots.Refused) {
                let (root, relative) = try roots.place(pattern)
                var problems: [String] = []
                FileFinder(root: root).files(
                    matching: PathPattern(relative),
                    problem: { if problems.count < Findings.mostProblems { problems.append($0) } },
                    goOn: { !standing.isLeaving },
                    found: { file in
                        if seen.insert(file).inserted { look(at: file, beneath: root, task, &findings) }
                    })
                problems.forEach { findings.note($0) }
            } catch {
                findings.note(error.message)
            }
        }
        findings.rank()
        findings.isCutShort = standing.isLeaving
        return findings
    }

    private func look(at path: String, beneath root: String, _ task: SurveyTask, _ findings: inout Findings) {
        findings.matched += 1
        do {
            let (root, relative) = try roots.place(path)
            let file = try openForSurvey(beneath: root, relative: relative)
            let found = try survey(file, path: path)
            guard found.statistics.extents >= task.minExtents ?? 0, found.size >= task.minSize ?? .zero else {
                return
            }
            findings.files.append(found)
            if findings.files.count >= 2 * Findings.mostFiles { findings.rank() }
        } catch let refusal as Refusal {
            findings.note(refusal.message)
        } catch {
            findings.note("\(path): \(error)")
        }
    }
}
