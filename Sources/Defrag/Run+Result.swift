import DefragTypes
import XFS

extension Run {
    /// Says why the file is not as good as it could be, although its end was reached.
    func describeEnd(in result: inout DefragResult) {
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
            extents: max(planned.stretches, result.extents.before - planned.saved))
    }

    func report(_ halt: Halt, in result: inout DefragResult, path: String) {
        switch halt {
        case .stop(let reason, _) where Self.isFromOutside(reason) && size > 0 && cursor >= size:
            // The end came first.
            describeEnd(in: &result)
        case .stop(let reason, let message):
            result.status = .partial
            result.reason = reason
            result.message = message
            result.nextOffset = ByteCount(cursor)
        case .refuse(let refusal):
            result.status = .skipped
            result.reason = refusal.reason
            result.message = refusal.message
        case .fail(let error):
            result.status = .failed
            result.reason = .ioError
            result.message =
                "'\(path)' near offset \(cursor): \(error); the contents are unchanged: check the device and the kernel's log"
            result.nextOffset = ByteCount(cursor)
        }
    }

    /// Whether a reason to stop says nothing about the file.
    private static func isFromOutside(_ reason: Reason) -> Bool {
        [.timeLimit, .interrupted, .paused].contains(reason)
    }

    /// Fills in what is known at the end, however the run ended.
    mutating func conclude(_ file: borrowing XFS.File, _ result: inout DefragResult) {
        if !isDryRun {
            result.bytes = .init(rewritten: ByteCount(rewritten), unshared: ByteCount(unshared))
            if rewritten > 0, let after = try? countExtents(file) { result.extents.after = after }
        }
        if let status = try? file.status() { size = status.size }
        result.size = ByteCount(size)
        if let space = try? file.space() {
            lowestFree = min(lowestFree, space.available)
            result.freeBytes.after = ByteCount(space.available)
        }
        result.freeBytes.lowest = ByteCount(lowestFree)
        result.pause = histogram.statistics
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
        result.notes = notes.isEmpty ? nil : notes
        result.seconds = (ContinuousClock.now - started).inSeconds
    }
}
