import Defrag
import DefragTypes
import XFS

/// Runs `reflow-worker defrag`.
func defrag(_ options: DefragOptions) async -> ExitStatus {
    let stop = StopRequest()
    let results = await stop.duringSignals {
        switch options.format {
        case .text: DefragSession(options: options, stop: stop, report: TextReport(stop: stop)).run()
        case .json: DefragSession(options: options, stop: stop, report: JSONReport(stop: stop)).run()
        }
    }
    let resume = resumeCommands(after: results, options)
    if !resume.isEmpty { standardError("To go on:\n" + resume.map { "  \($0)\n" }.joined()) }
    return results.map(\.exitStatus).reduce(.success) { $0.worse($1) }
}

/// One file after the other; a failure of one does not keep the others from their turn.
private struct DefragSession<Report: DefragReport> {
    let options: DefragOptions
    let stop: StopRequest
    var report: Report
    private let start = ContinuousClock.now
    /// What was learnt about each device.
    private var pauses: [UInt64: PauseController] = [:]

    init(options: DefragOptions, stop: StopRequest, report: Report) {
        self.options = options
        self.stop = stop
        self.report = report
    }

    consuming func run() -> [DefragResult] {
        options.files.map { path in
            let (result, allocated) = treat(path)
            report.ended(result, allocated: allocated)
            return result
        }
    }

    private mutating func treat(_ path: String) -> (result: DefragResult, allocated: ByteCount) {
        let remaining = options.timeLimit.map { $0 - (.now - start) }
        if let reason = stop.isRequested
            ? Reason.interrupted : remaining.map({ $0 <= .zero }) == true ? .timeLimit : nil
        {
            return (notBegun(path, reason), .zero)
        }
        do throws(Refusal) {
            let file = try openForDefrag(path: path)
            let device = (try? file.status().device) ?? 0
            let policy = Policy(options.overrides)
            var defragmenter = Defragmenter(policy: policy, pauses: pauses[device] ?? PauseController())
            let result = defragmenter.run(
                file, path: path, from: options.from, timeLimit: remaining, dryRun: options.isDryRun
            ) { progress in
                report.advanced(path, progress)
                return stop.isRequested ? .stop(.interrupted) : .proceed(policy)
            }
            pauses[device] = defragmenter.pauses
            return (result, ByteCount((try? file.status().allocated) ?? 0))
        } catch {
            return (error.result(path: path), .zero)
        }
    }

    /// The result of a file whose turn did not come.
    private func notBegun(_ path: String, _ reason: Reason) -> DefragResult {
        var result = DefragResult(path: path, status: .partial, reason: reason)
        result.nextOffset = options.from
        return result
    }
}
