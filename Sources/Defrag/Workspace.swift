import DefragTypes
import XFS

/// What a run holds and leaves in a file while it rewrites it: the claim on it, the one-block hint, the scratch file, the
/// pin, and the pages that it has read. Made only once there is something to rewrite, and ended by ``finish(_:after:_:aim:)``.
struct Workspace: ~Copyable {
    private let claim: ExclusiveName
    private let closer: WindowCloser
    let pin: Pin
    /// What the file said of the job when the run began; `nil` if it is no slice of one.
    private let record: JobRecord?
    /// Bytes that the record allows this run to have unshared.
    private var reserved: Int64 = 0
    /// Pages in memory that only this run has read.
    var pages: [Range<Int64>] = []

    /// Claims `work`, replaces its hint, and makes the unnamed files.
    ///
    /// - Throws: ``Halt``, or `SystemError`; then nothing is left.
    init(in work: borrowing WorkFile, record: JobRecord? = nil, _ account: inout Account) throws {
        let claim = try Defrag.claim(work.file)
        Self.replaceHint(in: work, &account)
        var isComplete = false
        defer { if !isComplete { Self.restoreHint(in: work, &account) } }
        let closer = try WindowCloser(of: work.file, blockSize: work.blockSize)
        let pin = try Pin(beside: work.file, blockSize: work.blockSize, isVital: work.needsPin)
        isComplete = true
        self.claim = claim
        self.closer = closer
        self.pin = pin
        self.record = record
    }

    /// Keeps the blocks of `range`; see ``WindowCloser/keep(_:of:)``.
    func keep(_ range: Range<Int64>, of work: borrowing WorkFile) throws(SystemError) {
        try closer.keep(range, of: work.file)
    }

    /// Makes durable what was rewritten so far; see ``Scratch/synchronize()``.
    func makeDurable() throws(SystemError) { try closer.makeDurable() }

    /// Notes in the file that this run may have unshared `bytes` in all, before it has; some `step` bytes in advance.
    mutating func reserve(_ bytes: Int64, atOnce step: Int64, in work: borrowing WorkFile) {
        guard let record, bytes > reserved else { return }
        reserved = max(bytes, min(record.left, bytes + step))
        record.advanced(by: reserved).write(to: work.file)
    }

    /// Begins to end the window, and to drop the pages before `start` that were read for it. What lies behind belongs to the
    /// next window, where this one has ended early.
    mutating func close(before start: Int64) {
        closer.close(dropping: pages.map { $0.clamped(to: 0..<start) }.filter { !$0.isEmpty })
        pages = pages.map { $0.clamped(to: start..<Int64.max) }.filter { !$0.isEmpty }
    }

    /// Ends the window and waits for that, but keeps its pages.
    func closeNow() throws(SystemError) {
        closer.close(dropping: [])
        try closer.wait()
    }

    /// Waits for the end of the window that is being closed, if any; see ``WindowCloser/wait()``.
    func waitForClosing() throws(SystemError) {
        try closer.wait()
    }

    /// Pins blocks of `work` again, where guests have separated them.
    func renewPin(in work: inout WorkFile, _ account: inout Account, aim: Duration) {
        for (offset, lock) in pin.renew(in: work.file, size: work.size, blockSize: work.blockSize) {
            account.add(.pin, at: offset, took: lock, aim: aim)
        }
        work.pinned = pin.ours
    }

    /// Ends the work, whatever has ended the run: makes durable what was rewritten and releases the old blocks, releases the
    /// pin, restores the hint, and gives the claim back last. Between the slices of a job the hint stays, and what was unshared
    /// stays on record: see ``Defragmenter/init(policy:pauses:state:job:)``.
    ///
    /// - Returns: what the run ends with: `end`, unless an error here outweighs it. A failure to make data durable outweighs
    ///   any reason to stop; a pin that could not be released does not.
    consuming func finish(
        _ work: inout WorkFile, after end: (any Error)?, _ account: inout Account, aim: Duration
    ) -> (any Error)? {
        var end = end
        closer.close(dropping: pages)
        do throws(SystemError) { try closer.wait() } catch { end = error }
        do throws(SystemError) { try unpin(&work, isAtEnd: end == nil, &account, aim: aim) } catch {
            end = end ?? error
        }
        let stop = account.position < account.size ? end.flatMap { Halt($0).stop } : nil
        // Until the broker has the answer, the slice may be delivered again.
        let continues = record != nil && stop != nil
        if !(continues && stop == .timeLimit) { Self.restoreHint(in: work, &account) }
        if !continues {
            try? JobRecord.remove(from: work.file)
        } else if let record, reserved > account.unshared {
            record.advanced(by: account.unshared).write(to: work.file)
        }
        return end
    }

    /// Releases the pinned blocks. At the end of the file its flag as one that shares blocks can be cleared too, if it
    /// shares no others: an unshare of what is not shared writes nothing, and checks that. Linux 6.12 and later check
    /// only once no page of the file counts as dirty, some seconds after it was written to. A flag that stays costs
    /// guests' writes a look-up each.
    private func unpin(
        _ work: inout WorkFile, isAtEnd: Bool, _ account: inout Account, aim: Duration
    ) throws(SystemError) {
        let block = work.pinned.first
        work.pinned = []
        try pin.release()
        guard isAtEnd, !work.needsPin, let block else { return }
        let range = block..<block + work.blockSize
        work.seek(range, batch: 1)
        guard let record = try work.next(), record.state == .written, record.shared == 0,
            record.length == work.blockSize
        else { return }
        let start = ContinuousClock.now
        try? work.file.unshare(range)
        account.add(.pin, at: block, took: .now - start, aim: aim)
    }

    /// Restores the hint that an earlier run has left in `work`, and removes what it has put on record there.
    static func removeTraces(of work: borrowing WorkFile, _ account: inout Account) throws {
        let hasRecord = (try? work.file.extendedAttribute(JobRecord.attribute)) != nil
        guard hasRecord || (try? CowHint.recorded(in: work.file)) != nil else { return }
        let claim = try Defrag.claim(work.file)
        restoreHint(in: work, &account)
        try? JobRecord.remove(from: work.file)
        _ = claim
    }

    /// Sets the one-block `cowextsize` hint for the run, where it would have an effect.
    private static func replaceHint(in work: borrowing WorkFile, _ account: inout Account) {
        do throws(SystemError) {
            // XFS takes the larger of the two hints.
            guard try work.file.attributes().extentSizeHint == 0 else { return }
            try CowHint.replace(in: work.file, blockSize: work.blockSize)
        } catch {
            account.note(
                .hintNotSet,
                "its cowextsize hint could not be set for the run (\(error.meaning)), so that guests' writes leave more "
                    + "pieces behind: run as the file's owner, with CAP_FOWNER or as root")
        }
    }

    /// Restores the file's own hint, also after an earlier run that did not.
    private static func restoreHint(in work: borrowing WorkFile, _ account: inout Account) {
        do throws(SystemError) { try CowHint.restore(in: work.file) } catch {
            let isBack = (try? work.file.attributes().cowExtentSizeHint) != work.blockSize
            account.note(
                .hintNotRestored,
                isBack
                    ? "its own cowextsize hint is back, but the record of it could not be removed (\(error.meaning)): run "
                        + "'reflow-worker restore' on it once it can be changed"
                    : "its own cowextsize hint could not be given back (\(error.meaning)): run 'reflow-worker restore' on it"
            )
        }
    }
}
