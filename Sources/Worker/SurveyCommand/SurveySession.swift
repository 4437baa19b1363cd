import Defrag
import DefragTypes
import Glibc
import JSON

/// Runs `reflow-worker survey`.
func survey(_ options: SurveyOptions) async -> ExitStatus {
    let stop = StopRequest()
    return await stop.duringSignals {
        var session = SurveySession(options: options, stop: stop)
        session.run()
        return session.status
    }
}

/// Looks at one file after the other.
private struct SurveySession {
    let options: SurveyOptions
    let stop: StopRequest
    private(set) var status = ExitStatus.success
    private var table = SurveyTable()

    init(options: SurveyOptions, stop: StopRequest) {
        self.options = options
        self.stop = stop
    }

    mutating func run() {
        for path in options.paths {
            if isFolder(path) { look(into: path) } else { look(at: path, isNamed: true) }
        }
        if options.format == .text {
            standardOutput(table.text(withHistogram: options.showsHistogram))
        }
        if stop.isRequested { status = status.worse(.stoppedEarly) }
    }

    private mutating func look(into folder: String) {
        var problems: [String] = []
        FileFinder(root: folder, crossesMounts: false).files(
            matching: PathPattern("**"), problem: { problems.append($0) }, goOn: { !stop.isRequested },
            found: { look(at: $0, isNamed: false) })
        for problem in problems { report(problem, .failed) }
    }

    private func isFolder(_ path: String) -> Bool {
        var found = stat()
        return lstat(path, &found) == 0 && found.st_mode & S_IFMT == S_IFDIR
    }

    /// A file that was not named, but found, may be gone by now.
    private mutating func look(at path: String, isNamed: Bool) {
        guard !stop.isRequested else { return }
        do {
            let found = try Defrag.survey(try openForSurvey(path: path), path: path)
            guard found.statistics.extents >= options.minExtents, found.size >= options.minSize else {
                return
            }
            switch options.format {
            case .text: table.add(found)
            case .json:
                if !standardOutput(line: try JSONEncoder().encode(found)) { stop.request() }
            }
        } catch let refusal as Refusal {
            if refusal.reason == .notFound, !isNamed { return }
            report(refusal.message, refusal.reason == .notPermitted ? .notPermitted : .failed)
        } catch {
            report("'\(path)': \(error)", .failed)
        }
    }

    private mutating func report(_ problem: String, _ status: ExitStatus) {
        standardError("reflow-worker: \(problem)\n")
        self.status = self.status.worse(status)
    }
}
