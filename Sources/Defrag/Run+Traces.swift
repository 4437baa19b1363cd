import DefragTypes
import XFS

/// What a run leaves in the file while it lasts, and how that is removed.
extension Run {
    /// Releases the pinned blocks. At the end of the file its flag as one that shares blocks can be cleared too, if it
    /// shares no others: an unshare of what is not shared writes nothing, and checks that. Linux 6.12 and later check
    /// only once no page of the file counts as dirty, some seconds after it was written to. A flag that stays costs
    /// guests' writes a look-up each.
    mutating func unpin(_ file: borrowing XFS.File, _ pin: borrowing Pin, isAtEnd: Bool) throws {
        let block = pinned.first
        pinned = []
        try pin.release()
        guard isAtEnd, !needsPin, let block else { return }
        let range = block..<block + blockSize
        map.seek(to: range, batch: 1)
        guard let record = try nextRecord(of: file), record.state == .written, record.shared == 0,
            record.length == range.count
        else { return }
        let start = ContinuousClock.now
        try? file.unshare(range)
        histogram.record(ContinuousClock.now - start, aim: policy.maxPause)
    }

    /// Sets the one-block `cowextsize` hint for the run, where it would have an effect.
    mutating func replaceHint(in file: borrowing XFS.File) {
        do throws(SystemError) {
            // XFS takes the larger of the two hints.
            guard try file.attributes().extentSizeHint == 0 else { return }
            try CowHint.replace(in: file, blockSize: blockSize)
        } catch {
            notes.append(
                .init(
                    .hintNotSet,
                    "its cowextsize hint could not be set for the run (\(error.meaning)), so that guests' writes leave more "
                        + "pieces behind: run as the file's owner, with CAP_FOWNER or as root"))
        }
    }

    /// Restores the file's own hint, also after an earlier run that did not.
    mutating func restoreHint(in file: borrowing XFS.File) {
        do throws(SystemError) { try CowHint.restore(in: file) } catch {
            notes.append(
                .init(
                    .hintNotRestored,
                    "its own cowextsize hint could not be given back (\(error.meaning)): run 'reflow-worker restore' on it"
                ))
        }
    }
}
