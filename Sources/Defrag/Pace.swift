import DefragTypes

/// How fast a run may go, by its policy and by what it has measured: how large chunks and windows are, when to wait, when
/// to ask, and when the time is over.
struct Pace {
    /// Between two questions during a wait or a walk over the map.
    let patience: Duration
    /// How many windows there should be time for, the last of which may be too late.
    private static let windowsInTime = 5
    /// Smaller windows are no more than a chunk.
    private static let leastWindow: Int64 = 1 << 20
    /// Bytes between two flushes; see docs/engine-notes.md.
    private static let flushInterval: Int64 = 2 << 20

    /// Replaced by the answers to questions.
    var policy: Policy
    private(set) var pauses: PauseController
    /// How many reads may be in flight.
    private(set) var depth: QueueDepth
    private let timeLimit: Duration?
    /// Whether anything has been done: a time limit ends no run before.
    private var hasMoved = false
    /// The time limit counts from here.
    private let began = ContinuousClock.now
    private var lastAsked = ContinuousClock.now
    /// When the last wait ended, and the bytes rewritten since.
    private var lastWaited = ContinuousClock.now
    private var unpaced: Int64 = 0
    private var unflushed: Int64 = 0
    private var longestWindow = Duration.zero
    private(set) var slowness = SlownessWatch()

    init(
        policy: Policy, pauses: PauseController, depth: QueueDepth = QueueDepth(), timeLimit: Duration?,
        patience: Duration = .milliseconds(100)
    ) {
        self.patience = patience
        self.policy = policy
        self.pauses = pauses
        self.depth = depth
        self.timeLimit = timeLimit
    }

    /// The run is further in the file than it was.
    mutating func move() { hasMoved = true }

    // MARK: Chunks

    /// How large the next chunk may be.
    var limits: ChunkLimits { pauses.limits(for: policy) }

    /// Learns from `chunk`, which was rewritten with two locks.
    mutating func learn(_ chunk: Chunk, clone: Duration, unshare: Duration) {
        slowness.learn(
            max(clone, unshare),
            isAtFloor: pauses.isAtFloor(chunk, clone: clone, unshare: unshare, policy: policy),
            aim: policy.maxPause)
        pauses.learn(
            clone: clone, unshare: unshare, bytes: chunk.length, extents: chunk.extents, policy: policy)
        unpaced += chunk.length
        unflushed += chunk.length
    }

    /// Learns from a read.
    mutating func learn(_ sample: ReadAhead.Sample) {
        depth.learn(sample.latency, asked: sample.depth, aim: policy.mostQueueing)
    }

    /// Whether to make durable what was rewritten, every few chunks: a flush of a whole window at once fills the device's
    /// queue, and the guest's I/O waits behind it. True once for each time.
    mutating func isFlushDue() -> Bool {
        guard unflushed >= Self.flushInterval else { return false }
        unflushed = 0
        return true
    }

    // MARK: Windows

    /// Bytes of a window: with a rate and a time limit, no more than can be rewritten twice well within that time. It ends
    /// early where the time proves too short.
    var window: Int64 {
        guard let timeLimit, let rate = policy.rate else { return policy.window.rawValue }
        let affordable = ByteCount(
            saturating: Double(rate.rawValue) * timeLimit.inSeconds / Double(Self.windowsInTime))
        return min(policy.window.rawValue, max(affordable.rawValue, Self.leastWindow))
    }

    /// When the first pass over a window that begins now has used up its part of the time.
    var windowEnd: ContinuousClock.Instant? { timeLimit.map { .now + $0 / Self.windowsInTime } }

    /// Whether another window may take longer than there is time for: one that is cut short is work done twice.
    var isTooLateForWindow: Bool {
        guard let timeLimit, longestWindow > .zero else { return false }
        return ContinuousClock.now - began + longestWindow > timeLimit
    }

    /// Learns how long a window took that was begun at `start`.
    mutating func learnWindow(since start: ContinuousClock.Instant) {
        longestWindow = max(longestWindow, .now - start)
    }

    // MARK: Time

    /// Whether the last question is a while ago.
    var isQuestionDue: Bool { ContinuousClock.now - lastAsked >= patience }

    mutating func asked() { lastAsked = .now }

    var isTimeOver: Bool { timeLimit.map { hasMoved && ContinuousClock.now - began >= $0 } ?? false }

    /// Whether there was work for so long that a rest must not be put off.
    var isRestDue: Bool { ContinuousClock.now - lastWaited >= patience }

    /// Whether anything was rewritten since the last wait.
    var isWaitDue: Bool { unpaced > 0 }

    /// How much longer to wait after the work since the last wait, in a wait that began at `start`.
    func remainingWait(since start: ContinuousClock.Instant) -> Duration {
        max(
            policy.idleTime(after: start - lastWaited, bytes: unpaced),
            unpaced > 0 ? slowness.rest(aim: policy.maxPause) : .zero)
            - (ContinuousClock.now - start)
    }

    mutating func waited() {
        lastWaited = .now
        unpaced = 0
    }
}

extension Policy {
    /// How long to wait after work that took `worked` and rewrote `bytes`: in proportion, so that `duty` of the time is
    /// work, at least `idle`, and long enough for `rate`.
    func idleTime(after worked: Duration, bytes: Int64) -> Duration {
        let proportional = worked * ((1 - duty) / duty)
        let paced =
            rate.map { Duration.seconds(Double(bytes) / Double(max($0.rawValue, 1))) - worked } ?? .zero
        return max(.zero, idle, proportional, paced)
    }
}
