import DefragTypes
import Settings

extension DefragResult {
    /// What standard error should say about it: why the file was refused, failed or was left in the middle.
    var trouble: String? {
        guard exitStatus != .success, reason != .interrupted, reason != .timeLimit else { return nil }
        let trouble =
            message.map { $0.contains(path) ? $0 : "'\(path)': \($0)" }
            ?? "'\(path)': \(status.rawValue)" + (reason.map { ", \($0)" } ?? "")
        return trouble.plain
    }

    /// What it adds to the exit status. A file that was named and not treated is a failure to whoever named it.
    var exitStatus: ExitStatus {
        switch (status, reason) {
        case (.done, _), (.skipped, .dryRun?), (.skipped, .alreadyContiguous?): .success
        case (.partial, _): .stoppedEarly
        case (_, .notPermitted?): .notPermitted
        case (.skipped, _), (.failed, _): .failed
        }
    }

    /// For people: what was done to the file, in a few lines.
    func summary(allocated: ByteCount) -> String {
        if reason == .dryRun || reason == .alreadyContiguous {
            let predicted = prediction.map { ": \(extents.before) -> some \($0.extents) extents" } ?? ""
            return "\(path.plain): " + (message?.plain ?? "\(extents.before) extents, nothing to gain")
                + predicted
                + noteLines
        }
        func average(_ extents: Int) -> String {
            // What is allocated beyond the size is preallocation of the copy-on-write fork.
            extents == 0 ? "-" : ByteCount(min(allocated, size).rawValue / Int64(extents)).description
        }
        let rate = seconds > 0 ? Double(bytes.rewritten.rawValue) / seconds : 0
        let stop = nextOffset.map { ", stopped at \($0)" + (reason.map { " (\($0))" } ?? "") } ?? ""
        let unshared = bytes.unshared > .zero ? ", of which \(bytes.unshared) unshared" : ""
        let why = status == .done ? message.map { "\n  note       \($0.plain)" } ?? "" : ""
        return """
            \(path.plain): \(status.rawValue)\(stop)
              extents    \(extents.before) -> \(extents.after), average \(average(extents.before)) -> \
            \(average(extents.after))
              rewritten  \(bytes.rewritten)\(unshared) in \(Duration.seconds(seconds).text), \
            \(ByteCount(saturating: rate)) a second
              pauses     \(text(of: pause))\(waits.map { "\n  device     " + text(of: $0) } ?? "")\(worstLines)
              free space \(freeBytes.before) -> \(freeBytes.after), lowest \(freeBytes.lowest)
            """ + why + noteLines
    }

    private func text(of times: PauseStatistics) -> String {
        let over = times.over.flatMap { $0 > 0 ? ", over max-pause: \($0) of \(times.count)" : nil } ?? ""
        return "longest \(milliseconds(times.maxMs)), 99% up to \(milliseconds(times.p99Ms))\(over)"
    }

    /// The longest waits, where any was too long.
    private var worstLines: String {
        guard (pause.over ?? 0) + (waits?.over ?? 0) > 0 else { return "" }
        return (worst ?? []).map {
            "\n  worst      \(milliseconds($0.ms)) \($0.phase.plain) at \($0.offset.rawValue), \($0.time)"
        }.joined()
    }

    private var noteLines: String { (notes ?? []).map { "\n  note       \($0.message.plain)" }.joined() }

    private func milliseconds(_ value: Double) -> String { Duration.seconds(value / 1000).text }
}

extension ExitStatus {
    /// The status of several files: a failure first, for it wants a look; then a lack of permission; then that there
    /// is more to do.
    func worse(_ other: ExitStatus) -> ExitStatus {
        [.failed, .notPermitted, .stoppedEarly].first { $0 == self || $0 == other } ?? .success
    }
}
