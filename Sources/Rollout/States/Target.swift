public import DefragTypes
public import Foundation

/// One file of a rollout, without its path and extents, which are in the store: a million targets fit into memory.
public struct Target: Hashable, Sendable {
    /// Index of its host in the rollout.
    public let host: Int
    /// Index into its host's ``RolloutHost/fileSystems``.
    public let fileSystem: Int
    /// Its size when it was surveyed, at most ``ByteCount/mostCounted``.
    public let size: ByteCount
    /// Seconds by which a reflink copy would become quicker: the order of the targets.
    public let gain: Double

    public internal(set) var state: State = .pending
    /// Where the next slice starts.
    public internal(set) var cursor: ByteCount = .zero
    /// Extra space that its slices have cost so far.
    public internal(set) var unshared: ByteCount = .zero
    /// What is left of its unshare budget, by the last worker that has said; `nil` if none has.
    public internal(set) var budgetLeft: ByteCount?
    /// Slices that were sent: the number of the last one.
    public internal(set) var slices = 0
    /// Attempts since the last headway that failed, went unanswered or made none.
    public internal(set) var fruitless = 0

    /// Drawn in docs/rollout.md.
    public enum State: Hashable, Sendable {
        /// Its next slice can be sent.
        case pending
        /// A slice was sent and is not answered. `since`: when it was sent, or when the host last mentioned it.
        case inFlight(since: Date)
        /// An attempt failed: the next one begins no earlier than `until`. The reason is `nil` if an older version stored it.
        case backingOff(until: Date, reason: Reason?)
        /// Its end was reached.
        case done
        /// Not touched, or left half done, for a reason that is no failure.
        case skipped(Reason)
        /// Given up.
        case failed(Reason)

        /// Whether nothing more will be done with it.
        public var isEnded: Bool {
            switch self {
            case .pending, .inFlight, .backingOff: false
            case .done, .skipped, .failed: true
            }
        }
    }

    /// Whether the survey ruled it out.
    var wasSkippedBySurvey: Bool {
        if case .skipped = state { slices == 0 } else { false }
    }

    /// A file that the survey found.
    init(host: Int, fileSystem: Int, size: ByteCount, gain: Double) {
        self.host = host
        self.fileSystem = fileSystem
        self.size = min(size, .mostCounted)
        self.gain = gain
    }

    /// The slice in flight was answered. Returns why the attempt failed, if it did.
    /// With `isOfTwin`, another worker may have answered than the one that found the file: what it refuses is not ruled out by that.
    mutating func answered(
        _ result: DefragResult, budgetLeft left: ByteCount? = nil, at now: Date, _ retries: Retries,
        isOfTwin: Bool = false
    ) -> Reason? {
        unshared = min(unshared + result.bytes.unshared, .mostCounted)
        budgetLeft = left ?? budgetLeft.map { max(.zero, $0 - result.bytes.unshared) }
        var failure: Reason?
        switch result.status {
        case .done: state = .done
        case .failed: failure = result.reason ?? .ioError
        case .skipped where result.refusesWhatWasSurveyed(isOfTwin: isOfTwin): failure = .notAsSurveyed
        case .skipped where result.reason == .busy || result.reason == .fileReplaced:
            // Another worker is on it, or the image is being replaced: that passes.
            failure = result.reason
        case .skipped: state = .skipped(result.reason ?? .notRegularFile)
        case .partial: failure = stopped(result, at: now, retries)
        }
        guard let failure else { return nil }
        let isSkipped = result.status == .skipped && failure != .notAsSurveyed
        attemptFailed(failure, at: now, retries, endsAs: isSkipped ? State.skipped : State.failed)
        return failure
    }

    /// The slice in flight has ended before the file. Returns why the attempt failed, if it did.
    private mutating func stopped(_ result: DefragResult, at now: Date, _ retries: Retries) -> Reason? {
        let next = max(cursor, result.nextOffset ?? cursor)
        let hasAdvanced = next > cursor
        cursor = next
        if hasAdvanced { fruitless = 0 }
        switch result.reason {
        case nil where !hasAdvanced, .timeLimit? where !hasAdvanced:
            return .noHeadway
        // The device is busy or sick: that may pass.
        case .tooSlow?: return .tooSlow
        // Its host's clock is ahead of ours, or the slice has waited: not at once again.
        case .windowClosed?: state = .backingOff(until: now + retries.wait(after: 1), reason: .windowClosed)
        // The last two have causes outside of the file.
        case nil, .timeLimit?, .interrupted?, .paused?: state = .pending
        case let reason?: state = .skipped(reason)
        }
        return nil
    }

    /// The slice in flight failed.
    mutating func attemptFailed(
        _ reason: Reason, at now: Date, _ retries: Retries, canEnd: Bool = true,
        endsAs end: (Reason) -> State = State.failed
    ) {
        fruitless += 1
        state =
            fruitless < retries.attempts || !canEnd
            ? .backingOff(until: now + retries.wait(after: fruitless), reason: reason) : end(reason)
    }

    /// Its next slice is sent.
    mutating func send(at now: Date) {
        slices += 1
        state = .inFlight(since: now)
    }

    /// The host has just mentioned the slice in flight, if there is one.
    mutating func isStillInFlight(at now: Date) {
        if case .inFlight = state { state = .inFlight(since: now) }
    }

    /// Its wait, if it waits, begins now, and takes no longer than one that begins now. Returns whether that has to be stored.
    mutating func restartTimer(at now: Date, _ retries: Retries) -> Bool {
        isStillInFlight(at: now)
        let latest = now + retries.wait(after: fruitless)
        guard case .backingOff(let until, let reason) = state, until > latest else { return false }
        state = .backingOff(until: latest, reason: reason)
        return true
    }

    /// Whether its next slice can be sent.
    func canBeSent(at now: Date) -> Bool {
        switch state {
        case .pending: true
        case .backingOff(let until, _): until <= now
        case .inFlight, .done, .skipped, .failed: false
        }
    }

    /// Its failed attempts do not count any more.
    mutating func resetAttempts() {
        fruitless = 0
        state = .pending
    }

    /// The slice in flight counts as never sent.
    mutating func returnToPending() {
        state = .pending
    }

    /// The survey rules it out.
    mutating func skip(_ reason: Reason) {
        state = .skipped(reason)
    }

    /// Ends it as failed, also while a slice is in flight.
    mutating func giveUp(_ reason: Reason) {
        state = .failed(reason)
    }

    /// Sets what the store keeps. A slice that was in flight still is.
    mutating func restore(
        state: State, cursor: ByteCount, unshared: ByteCount, budgetLeft: ByteCount?, slices: Int,
        fruitless: Int
    ) {
        self.state = state
        self.cursor = cursor
        self.unshared = unshared
        self.budgetLeft = budgetLeft
        self.slices = slices
        self.fruitless = fruitless
    }
}

extension DefragResult {
    /// Whether it says of a file that the survey found that it is nothing for this worker. That it lies outside of the roots, the
    /// worker that found it cannot say; any other refusal of a file that was not opened is true only if it is of that worker. One
    /// that is busy was found.
    fileprivate func refusesWhatWasSurveyed(isOfTwin: Bool) -> Bool {
        reason == .outsideRoots || (isOfTwin && inode == 0 && reason != .busy)
    }
}
