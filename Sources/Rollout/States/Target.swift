public import DefragTypes
public import Foundation

/// One file of a rollout, as far as decisions need to know it: a million of them fit into memory. Its path and how it lay
/// are in the store.
public struct Target: Hashable, Sendable {
    /// Index of its host in the rollout.
    public let host: Int
    /// UUID of its file system, by its place in the host's list.
    public let fileSystem: Int
    /// Its size when it was surveyed.
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
    /// Attempts in a row that failed, were not answered or made no headway.
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
        self.size = size
        self.gain = gain
    }

    /// Takes in how the slice that is out has ended.
    mutating func answered(_ result: DefragResult, at now: Date, _ retries: Retries) {
        unshared += result.bytes.unshared
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
        switch result.reason {
        case nil, .timeLimit?:
            if hasAdvanced {
                fruitless = 0
                state = .pending
            } else {
                attemptFailed(.noHeadway, at: now, retries)
            }
        case .interrupted?, .paused?:
            // From outside: that says nothing about the file.
            state = .pending
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

    /// Whether its next slice may be sent.
    func mayBeSent(at now: Date) -> Bool {
        switch state {
        case .pending: true
        case .backingOff(let until): until <= now
        case .inFlight, .done, .skipped, .failed: false
        }
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
