import Defrag
import DefragTypes
import JSON
import Settings

/// Runs `reflow-worker restore`.
func restore(_ options: RestoreOptions) async -> ExitStatus {
    let stop = StopRequest()
    return await stop.duringSignals {
        var session = RestoreSession(options: options, stop: stop)
        session.run()
        return session.status
    }
}

/// One file after the other; a failure of one does not keep the others from their turn.
private struct RestoreSession {
    let options: RestoreOptions
    let stop: StopRequest
    private(set) var status = ExitStatus.success
    private let repair: HintRepair
    private var counts = Counts()

    private struct Counts {
        var files = 0
        var restored = 0
        var busy = 0
    }

    /// A file of which there is something to say, as JSON.
    private struct Line: Encodable {
        let path: String
        let status: String
        /// The owner's hint in bytes; zero is XFS's default.
        var cowExtentSize: ByteCount?
        var message: String?
    }

    init(options: RestoreOptions, stop: StopRequest) {
        self.options = options
        self.stop = stop
        repair = HintRepair(includesUnrecorded: options.includesUnrecorded, isDryRun: options.isDryRun)
    }

    mutating func run() {
        let stop = stop
        for path in options.paths {
            files(at: path, goOn: { !stop.isRequested }) { find, isNamed in
                switch find {
                case .file(let path): treat(path, isNamed: isNamed)
                case .problem(let problem): report(problem, .failed)
                }
            }
        }
        if options.format == .text {
            let verb = options.isDryRun ? "to be restored" : "restored"
            let busy = counts.busy > 0 ? ", \(counts.busy) being defragmented" : ""
            standardOutput("\(counts.files) files looked at, \(counts.restored) \(verb)\(busy)\n")
        }
        if stop.isRequested { status = status.worse(.stoppedEarly) }
    }

    private mutating func treat(_ path: String, isNamed: Bool) {
        guard !stop.isRequested else { return }
        do throws(Refusal) {
            let file = try openForSurvey(path: path)
            counts.files += 1
            switch try repair.repair(file, path: path) {
            case .untouched: break
            case .restored(let own):
                counts.restored += 1
                let hint = own == .zero ? "XFS's default" : "\(own)"
                tell(
                    Line(
                        path: path, status: options.isDryRun ? "dryRun" : "restored", cowExtentSize: own),
                    "'\(path)': its cowextsize hint \(options.isDryRun ? "would be" : "is") \(hint) again")
            case .busy:
                counts.busy += 1
                tell(
                    Line(path: path, status: "busy"),
                    "'\(path)': is being defragmented; that run will give its hint back")
            }
        } catch {
            // What is gone, or cannot carry a hint of ours, is nothing to report unless it was named.
            if !isNamed, [.notFound, .notXFS].contains(error.reason) { return }
            if options.format == .json {
                tell(Line(path: path, status: "failed", message: error.message), "")
            }
            report(error.message, error.reason == .notPermitted ? .notPermitted : .failed)
        }
    }

    private func tell(_ line: Line, _ text: String) {
        switch options.format {
        case .text: standardOutput(text.plain + "\n")
        case .json:
            do {
                if !standardOutput(line: try JSONEncoder().encode(line)) { stop.request() }
            } catch {
                standardError("reflow-worker: \(error)\n")
            }
        }
    }

    private mutating func report(_ problem: String, _ status: ExitStatus) {
        standardError("reflow-worker: \(problem.plain)\n")
        self.status = self.status.worse(status)
    }
}
