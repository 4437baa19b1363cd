import DefragTypes
import Glibc

extension Run {
    /// Between two questions in a rest or a search.
    private static let patience = Duration.milliseconds(100)

    /// Asks whether to go on, and by which policy.
    mutating func ask(_ decide: (DefragProgress) -> Directive) throws(Halt) {
        lastAsked = .now
        switch decide(progress) {
        case .proceed(let policy): self.policy = policy
        case .stop(let reason): throw .stop(reason, message: nil)
        }
        if let timeLimit, hasMoved, ContinuousClock.now - began >= timeLimit {
            throw .stop(.timeLimit, message: nil)
        }
    }

    /// Whether nobody has been asked for a while.
    var isQuestionDue: Bool { ContinuousClock.now - lastAsked >= Self.patience }

    /// Rests as the policy wants it for the work since the last rest. A changed policy counts at once.
    mutating func rest(_ decide: (DefragProgress) -> Directive) throws(Halt) {
        let start = ContinuousClock.now
        let worked = start - lastRested
        while true {
            let left = policy.rest(after: worked, bytes: sinceRest) - (ContinuousClock.now - start)
            guard left > .zero else { break }
            sleep(for: min(left, Self.patience))
            if left > Self.patience { try ask(decide) }
        }
        lastRested = .now
        sinceRest = 0
    }

    private func sleep(for time: Duration) {
        var left = timespec(
            tv_sec: Int(time.components.seconds), tv_nsec: Int(time.components.attoseconds / 1_000_000_000))
        // Interrupted by a signal: whoever catches it will answer the next question.
        nanosleep(&left, nil)
    }

    private var progress: DefragProgress {
        DefragProgress(
            offset: ByteCount(cursor), size: ByteCount(size), rewritten: ByteCount(rewritten),
            unshared: ByteCount(unshared), chunk: ByteCount(lastChunk), pause: lastPause,
            elapsed: ContinuousClock.now - started)
    }
}
