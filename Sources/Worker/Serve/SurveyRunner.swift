import Contract
import Defrag
import DefragTypes
import JSON
import Settings
import XFS

/// Carries out one survey, on the caller's thread, in memory that does not depend on how many files there are.
struct SurveyRunner: Sendable {
    let roots: Roots
    let standing: Standing
    /// What reflink copies cost on this host's file systems; learnt by one survey, known to the next.
    let costs: ReflinkCosts

    /// What a survey found.
    struct Findings: Sendable {
        /// The files with the most to gain.
        fileprivate(set) var ranking: Ranking
        /// All files that are large and fragmented enough, kept or not.
        fileprivate(set) var summary = SurveySummary()
        /// How many files matched.
        fileprivate(set) var matched = 0
        /// What could not be looked at, in words; the last of many says how many more there are.
        fileprivate(set) var problems: [String] = []
        /// The worker is leaving, and did not look everywhere.
        fileprivate(set) var isCutShort = false

        fileprivate var noted = 0
        fileprivate var devices = ThinDevices()

        /// Keeps the first problems, as many as the answer has, and counts the others.
        fileprivate mutating func note(_ problem: String) {
            let most = SurveyFinished.mostProblems
            noted += 1
            if noted <= most {
                problems.append(ProblemText.fitted(problem))
            } else {
                problems[most - 1] = "and \(noted - most + 1) more"
            }
        }
    }

    /// A part of a pattern's meaning: what matches `pattern` beneath `root`.
    private struct Place {
        let root: String
        let pattern: PathPattern

        func contains(_ path: String) -> Bool {
            path.path(beneath: root).map(pattern.matches) ?? false
        }
    }

    /// Looks at every file that matches `task`, each once.
    func run(_ task: SurveyTask) -> Findings {
        let limit = max(1, min(task.top ?? SurveyTask.mostFiles, SurveyTask.mostFiles))
        var findings = Findings(ranking: Ranking(limit: limit))
        let surveyor = Surveyor()
        var seen = SeenFiles(roots: roots.folders)
        var searched: [Place] = []
        for pattern in task.patterns {
            do throws(Roots.Refused) {
                for (root, relative) in try roots.places(pattern) {
                    let place = Place(root: root, pattern: PathPattern(relative))
                    FileFinder(root: root).files(
                        matching: place.pattern, goOn: { !standing.isLeaving },
                        found: { find in
                            switch find {
                            case .file(let path):
                                if !searched.contains(where: { $0.contains(path) }) {
                                    look(at: path, with: surveyor, task, &seen, &findings)
                                }
                            case .problem(let problem): findings.note(problem)
                            }
                        })
                    searched.append(place)
                }
            } catch {
                findings.note(error.message)
            }
        }
        findings.summary.reflinkCosts = costs.all
        let thin = findings.devices.found
        findings.summary.thinDevices = thin.isEmpty ? nil : thin
        findings.isCutShort = standing.isLeaving
        return findings
    }

    private func look(
        at path: String, with surveyor: Surveyor, _ task: SurveyTask, _ seen: inout SeenFiles,
        _ findings: inout Findings
    ) {
        findings.matched += 1
        guard path.utf8.count <= PathText.bytes.upperBound else {
            return findings.note("\(shortened(path, 200)): skipped, its path is too long for a message")
        }
        do {
            let (root, relative) = try roots.place(path)
            let file = try openForSurvey(beneath: root, relative: relative)
            let status = try file.status()
            guard seen.isFirst(status) else {
                findings.matched -= 1
                return
            }
            let found = try surveyor.look(
                at: file, path: path, goOn: { _, _ in !standing.isLeaving },
                cost: {
                    costs.cost(on: $0, of: file, extents: $1, canMeasure: standing.obstacle == nil)
                })
            guard let survey = found?.survey, survey.statistics.extents >= task.minExtents ?? 0,
                survey.size >= task.minSize ?? .zero
            else { return }
            findings.devices.note(status, fileSystem: survey.fileSystem)
            findings.summary.count(survey)
            findings.ranking.add(survey)
        } catch let refusal as Refusal {
            findings.note(refusal.message)
        } catch {
            findings.note("\(path): \(error)")
        }
    }
}

/// Puts files on pages that fit into messages.
struct SurveyPages: Sequence, IteratorProtocol {
    private var rest: ArraySlice<FileSurvey>

    /// Most bytes of a page's files as JSON: a file takes about 1 KiB, with the longest path some 50 KiB; a message holds
    /// 1 MiB.
    private static let mostBytes = 512 << 10

    /// Pages of `files`, in this order.
    init(_ files: [FileSurvey]) {
        rest = files[...]
    }

    /// The next page; never an empty one.
    mutating func next() -> [FileSurvey]? {
        var page: [FileSurvey] = []
        var bytes = 0
        while page.count < SurveyPage.mostFiles, let file = rest.first {
            // What has no JSON is a bug, and told when the page is written.
            bytes += (try? JSONEncoder().encode(file).count) ?? 0
            if !page.isEmpty, bytes > Self.mostBytes { break }
            page.append(file)
            rest.removeFirst()
        }
        return page.isEmpty ? nil : page
    }
}
