import Defrag
import DefragTypes
import Glibc
import JSON
import Settings
import XFS

/// Runs `reflow-worker survey`.
func survey(_ options: SurveyOptions) async -> ExitStatus {
    let stop = StopRequest()
    return await stop.duringSignals {
        var session = SurveySession(options: options, stop: stop)
        session.run()
        return session.status
    }
}

/// Looks at one file after the other, and keeps the best at most.
private struct SurveySession {
    let options: SurveyOptions
    let stop: StopRequest
    private(set) var status = ExitStatus.success
    private let surveyor: Surveyor
    private let costs: ReflinkCosts
    private let picture = MapPicture(terminal: .standardOutput)
    private var progress = SurveyProgress()
    private var ranking: Ranking?
    private var summary = SurveySummary()
    private var histogram = SurveyHistogram()
    private var seen: SeenFiles
    private var devices = ThinDevices()

    init(options: SurveyOptions, stop: StopRequest) {
        seen = SeenFiles(roots: options.paths.map(resolved))
        self.options = options
        self.stop = stop
        // JSON is for a dashboard, which has more pixels than a terminal has signs.
        let cells = options.format == .text ? picture.mostCells : 1024
        surveyor = Surveyor(mapCells: options.drawsMap ? cells : nil)
        costs = ReflinkCosts(isMeasuring: options.calibrates)
        if let limit = options.top ?? (options.format == .text ? 100 : nil) {
            ranking = Ranking(limit: limit)
        }
    }

    mutating func run() {
        for path in options.paths {
            if options.drawsMap { look(at: path, isNamed: true) } else { lookAtFiles(at: path) }
        }
        progress.clear()
        if !options.drawsMap { conclude() }
        if stop.isRequested { status = status.worse(.stoppedEarly) }
    }

    private mutating func conclude() {
        summary.reflinkCosts = costs.all
        summary.thinDevices = devices.found.isEmpty ? nil : devices.found
        switch options.format {
        case .text:
            let table = SurveyTable(ranking?.sorted ?? [], of: summary)
            standardOutput(table.text + (options.showsHistogram ? "\n" + histogram.text : ""))
        case .json:
            ranking?.sorted.forEach { write($0) }
            if options.showsSummary { write(TypedSummary(summary: summary)) }
        }
    }

    private mutating func lookAtFiles(at path: String) {
        let stop = stop
        files(at: path, goOn: { !stop.isRequested }) { find, isNamed in
            switch find {
            case .file(let path): look(at: path, isNamed: isNamed)
            case .problem(let problem): report(problem, .failed)
            }
        }
    }

    /// A file that was not named, but found, may be gone by now.
    private mutating func look(at path: String, isNamed: Bool) {
        guard !stop.isRequested else { return }
        let (stop, costs) = (stop, costs)
        progress.begin(path, summary)
        do {
            let file = try openForSurvey(path: path)
            let status = try file.status()
            guard options.drawsMap || seen.isFirst(status) else { return }
            let found = try surveyor.look(
                at: file, path: path,
                goOn: { extents, offset in
                    progress.advance(extents: extents, offset: offset)
                    return !stop.isRequested
                }, cost: { costs.cost(on: $0, of: file, extents: $1) })
            guard let found else { return }
            devices.note(status, fileSystem: found.survey.fileSystem)
            take(found.survey, found.map)
        } catch let refusal as Refusal {
            if refusal.reason == .notFound, !isNamed { return }
            report(refusal.message, refusal.reason == .notPermitted ? .notPermitted : .failed)
        } catch {
            report("'\(path)': \(error)", .failed)
        }
    }

    private mutating func take(_ found: FileSurvey, _ map: FileMap?) {
        if let map {
            progress.clear()
            switch options.format {
            case .text: standardOutput(picture.text(of: found, map) + "\n")
            case .json: write(MappedSurvey(survey: found, map: map))
            }
            return
        }
        guard found.statistics.extents >= options.minExtents, found.size >= options.minSize else { return }
        summary.count(found)
        if options.showsHistogram { histogram.add(found.statistics) }
        if ranking == nil { write(found) } else { ranking?.add(found) }
    }

    private func write(_ object: some Encodable) {
        do {
            if !standardOutput(line: try JSONEncoder().encode(object)) { stop.request() }
        } catch {
            standardError("reflow-worker: \(error)\n")
        }
    }

    private mutating func report(_ problem: String, _ status: ExitStatus) {
        progress.clear()
        standardError("reflow-worker: \(problem.plain)\n")
        self.status = self.status.worse(status)
    }
}

/// The summary as an object of its own type among the files', which have none.
private struct TypedSummary: Encodable {
    enum Key: CodingKey { case type }
    let summary: SurveySummary

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode("summary", forKey: .type)
        try summary.encode(to: encoder)
    }
}

/// A file's survey with its map as one more field.
private struct MappedSurvey: Encodable {
    enum Key: CodingKey { case map }
    let survey: FileSurvey
    let map: FileMap

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try survey.encode(to: encoder)
        try container.encode(map, forKey: .map)
    }
}
