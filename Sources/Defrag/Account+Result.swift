import DefragTypes
import XFS

extension Account {
    /// How a run over `path` ended that `halt` ended; `nil` for the file's end. Figures are missing.
    func ending(_ halt: Halt?, path: String) -> DefragResult {
        var result = DefragResult(path: path, status: .done)
        switch halt {
        case nil: describeEnd(in: &result, path: path)
        case .stop(let reason, _) where Self.isFromOutside(reason) && size > 0 && position >= size:
            // The end came first.
            describeEnd(in: &result, path: path)
        case .stop(let reason, let message):
            result.status = .partial
            result.reason = reason
            result.message = message
            result.nextOffset = ByteCount(position)
        case .refuse(let refusal):
            result.status = .skipped
            result.reason = refusal.reason
            result.message = refusal.message
        case .fail(let error):
            result.status = .failed
            result.reason = .ioError
            result.message =
                "'\(path)' near offset \(position): \(error); the contents are unchanged: \(error.remedy)"
            result.nextOffset = ByteCount(position)
        }
        return result
    }

    /// Whether a reason to stop says nothing about the file.
    private static func isFromOutside(_ reason: Reason) -> Bool {
        [.timeLimit, .interrupted, .paused].contains(reason)
    }

    /// Says why the file is not as good as it could be, although its end was reached.
    private func describeEnd(in result: inout DefragResult, path: String) {
        if !isDryRun, let loss = describeUnreadable {
            result.status = .failed
            result.reason = .ioError
            result.message = "'\(path)': \(loss); everything else is done"
            return
        }
        result.reason = isOverBudget ? .unshareBudget : rewritten == 0 ? .alreadyContiguous : nil
        if isOverBudget {
            result.message =
                "small extents that backups share were left alone: rewriting them would cost more than the "
                + "\(ByteCount(budget)) allowed. Raise --unshare-budget, or make room"
        }
        guard isDryRun && rewritten > 0 else { return }
        result.status = .skipped
        result.reason = .dryRun
        result.message =
            "would rewrite \(ByteCount(rewritten)) in \(planned.extents) extents"
            + (unshared > 0
                ? "; other files share \(ByteCount(unshared)) of it, which would cost as much space" : "")
            + (isOverBudget ? ". More is left alone for the budget of \(ByteCount(budget))" : "")
        result.prediction = .init(
            rewritten: ByteCount(rewritten), unshared: ByteCount(unshared),
            extents: max(planned.stretches, extents.before - planned.saved))
    }

    /// Fills in the figures, however the run ended.
    func fill(_ result: inout DefragResult) {
        result.inode = inode
        result.size = ByteCount(size)
        result.extents = extents
        if !isDryRun {
            result.bytes = .init(rewritten: ByteCount(rewritten), unshared: ByteCount(unshared))
        }
        if let free { result.freeBytes = free }
        result.pause = pauses.statistics
        result.waits = waits.statistics.count > 0 ? waits.statistics : nil
        result.worst = worst.waits.isEmpty ? nil : worst.waits
        let notes = notes + lateNotes
        result.notes = notes.isEmpty ? nil : notes
        result.seconds = elapsed.inSeconds
    }

    private var describeUnreadable: String? {
        guard let first = unreadable.first else { return nil }
        let bytes = ByteCount(unreadable.reduce(0) { $0 + $1.upperBound - $1.lowerBound })
        return
            "the device could not read all of \(bytes), the first near offset \(first.lowerBound), which were skipped: "
            + "check the device and the kernel's log, and restore what is lost"
    }

    /// Notes on what has added up.
    private var lateNotes: [DefragResult.Note] {
        var notes: [DefragResult.Note] = []
        if let loss = describeUnreadable { notes.append(.init(.ioError, loss)) }
        if let note = Preallocation.note(changes: preallocationChanges) { notes.append(note) }
        if skipped > 0 {
            notes.append(
                .init(
                    .noGain,
                    "\(ByteCount(skipped)) that are nearly contiguous were skipped: rewriting windows like them did not help"
                ))
        }
        if isUnpinned {
            notes.append(
                .init(
                    .unsafeKernel,
                    "chunks that could not be pinned were skipped: on Linux \(KernelRelease.current) unsharing the last shared extent can lose data"
                ))
        }
        return notes
    }
}
