public import DefragTypes
public import Foundation

/// One file of a rollout, as far as decisions need to know it: a million of them fit into memory. Its path and how it lay
/// are in the store.
public struct Target: Hashable, Sendable {
    /// Index of its host in the rollout.
    public let host: Int
    /// UUID of its file system, by its place in the host's list.
    public let fileSystem: Int
    /// Its size when it was surveyed, as far as it counts.
    public let size: ByteCount
    /// What is to be gained, for the order: seconds of a reflink copy.
    public let gain: Double

    /// Where it stands.
    public internal(set) var state: State = .pending
    /// Where the next slice starts.
    public internal(set) var cursor: ByteCount = .zero
    /// Extra space that its slices have cost so far.
    public internal(set) var unshared: ByteCount = .zero
    /// Slices that were sent; the last one's number.
    public internal(set) var slices = 0
    /// Attempts since the last headway that failed, were not answered or made none.
    public internal(set) var fruitless = 0

    /// Where a file stands; drawn in docs/rollout.md.
    public enum State: Hashable, Sendable {
        /// Its next slice may be sent.
        case pending
        /// A slice is out. Since when: when it was sent, or when the host last said that it runs.
        case inFlight(since: Date)
        /// An attempt failed: the next one is not before then.
        case backingOff(until: Date)
        /// Its end was reached.
        case done
        /// Left alone, or left half done, for a reason that is no failure.
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

    /// Whether the survey said that nothing can be done with it.
    var wasLeftAlone: Bool {
        if case .skipped = state { slices == 0 } else { false }
    }

    /// What may be tried again, and how.
    struct Retries {
        var attempts: Int
        var backOff: TimeInterval

        init(_ strategy: RolloutSpec.Strategy) {
            attempts = strategy.attempts
            backOff = strategy.backOff
        }

        /// The wait after so many failures in a row: doubled each time, at most an hour.
        func wait(after failures: Int) -> TimeInterval {
            min(backOff * Double(1 << min(max(failures - 1, 0), 20)), max(backOff, 3600))
        }
    }

    /// A file that the survey found.
    init(host: Int, fileSystem: Int, size: ByteCount, gain: Double) {
        self.host = host
        self.fileSystem = fileSystem
        self.size = min(size, .mostCounted)
        self.gain = gain
    }

    /// Takes in how the slice that is out has ended.
    mutating func answered(_ result: DefragResult, at now: Date, _ retries: Retries) {
        unshared = min(unshared + result.bytes.unshared, .mostCounted)
        switch result.status {
        case .done: state = .done
        case .failed: attemptFailed(result.reason ?? .ioError, at: now, retries)
        case .skipped where result.reason == .busy || result.reason == .fileReplaced:
            // Another worker on it, or an image that is being replaced: that passes.
            attemptFailed(result.reason ?? .busy, at: now, retries, endsAs: State.skipped)
        case .skipped: state = .skipped(result.reason ?? .notRegularFile)
        case .partial: stopped(result, at: now, retries)
        }
    }

    private mutating func stopped(_ result: DefragResult, at now: Date, _ retries: Retries) {
        let next = max(cursor, result.nextOffset ?? cursor)
        let hasAdvanced = next > cursor
        cursor = next
        if hasAdvanced { fruitless = 0 }
        switch result.reason {
        case nil where !hasAdvanced, .timeLimit? where !hasAdvanced:
            attemptFailed(.noHeadway, at: now, retries)
        // The last two come from outside: that says nothing about the file.
        case nil, .timeLimit?, .interrupted?, .paused?: state = .pending
        case let reason?: state = .skipped(reason)
        }
    }

    /// The slice that is out came to nothing.
    mutating func attemptFailed(
        _ reason: Reason, at now: Date, _ retries: Retries, endsAs end: (Reason) -> State = State.failed
    ) {
        fruitless += 1
        state =
            fruitless < retries.attempts
            ? .backingOff(until: now + retries.wait(after: fruitless)) : end(reason)
    }

    /// Its next slice is sent.
    mutating func send(at now: Date) {
        slices += 1
        state = .inFlight(since: now)
    }

    /// The slice that is out, if one is, has just given a sign of life.
    mutating func isStillOut(at now: Date) {
        if case .inFlight = state { state = .inFlight(since: now) }
    }

    /// Whatever it waits for, it waits from now on, and for no longer than it would then. Returns whether that has to be stored.
    mutating func waitsAnew(at now: Date, _ retries: Retries) -> Bool {
        isStillOut(at: now)
        let latest = now + retries.wait(after: fruitless)
        guard case .backingOff(let until) = state, until > latest else { return false }
        state = .backingOff(until: latest)
        return true
    }

    /// Whether its next slice may be sent.
    func mayBeSent(at now: Date) -> Bool {
        switch state {
        case .pending: true
        case .backingOff(let until): until <= now
        case .inFlight, .done, .skipped, .failed: false
        }
    }

    /// How the slice that is out ends will not be known.
    mutating func putBack() {
        state = .pending
    }

    /// It cannot be defragmented as it is.
    mutating func leaveAlone(_ reason: Reason) {
        state = .skipped(reason)
    }

    /// Ends it as failed, whatever may be out.
    mutating func giveUp(_ reason: Reason) {
        state = .failed(reason)
    }

    /// Brings it back to where the store had it. A slice that was out is out.
    mutating func restore(
        state: State, cursor: ByteCount, unshared: ByteCount, slices: Int, fruitless: Int
    ) {
        self.state = state
        self.cursor = cursor
        self.unshared = unshared
        self.slices = slices
        self.fruitless = fruitless
    }
}
