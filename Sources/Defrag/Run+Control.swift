import DefragTypes
import Glibc

extension Run {
    /// Between two questions during a wait or a search.
    private static let patience = Duration.milliseconds(100)

    /// Asks whether to continue, and by which policy.
    mutating func ask(_ decide: (DefragProgress) -> Directive) throws {
        lastAsked = .now
        switch decide(progress) {
        case .proceed(let policy): self.policy = policy
        case .stop(let reason): throw Halt.stop(reason, message: nil)
        }
        if let timeLimit, hasMoved, ContinuousClock.now - began >= timeLimit {
            throw Halt.stop(.timeLimit, message: nil)
        }
    }

    /// Whether the last question is a while ago.
    var isQuestionDue: Bool { ContinuousClock.now - lastAsked >= Self.patience }

    mutating func askIfDue(_ decide: (DefragProgress) -> Directive) throws {
        if isQuestionDue { try ask(decide) }
    }

    /// Waits as the policy's pace demands for the work since the last wait. A changed policy counts at once.
    mutating func pace(_ decide: (DefragProgress) -> Directive) throws {
        let start = ContinuousClock.now
        let worked = start - lastPaced
        while true {
            let left = policy.idleTime(after: worked, bytes: unpaced) - (ContinuousClock.now - start)
            guard left > .zero else { break }
            sleep(for: min(left, Self.patience))
            if left > Self.patience { try ask(decide) }
        }
        lastPaced = .now
        unpaced = 0
    }

    private func sleep(for time: Duration) {
        var left = timespec(
            tv_sec: Int(time.components.seconds), tv_nsec: Int(time.components.attoseconds / 1_000_000_000))
        // Interrupted by a signal: its handler decides the answer to the next question.
        nanosleep(&left, nil)
    }

    private var progress: DefragProgress {
        DefragProgress(
            offset: ByteCount(cursor), size: ByteCount(size), rewritten: ByteCount(rewritten),
            unshared: ByteCount(unshared), chunk: ByteCount(lastChunk), pause: lastPause,
            elapsed: ContinuousClock.now - started)
    }
}
