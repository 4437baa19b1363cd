import DefragTypes
import Glibc

extension Run {
    /// Asks whether to continue, and by which policy.
    mutating func ask() throws {
        try obey()
        if pace.isTimeOver { throw Halt.stop(.timeLimit, message: nil) }
    }

    /// Asks likewise, whatever the time.
    mutating func obey() throws {
        pace.asked()
        var progress = account.progress
        progress.isSlowed = pace.slowness.rest(aim: pace.policy.maxPause) > .zero
        switch decide(progress) {
        case .proceed(let policy): pace.policy = policy
        case .stop(let reason): throw Halt.stop(reason, message: nil)
        }
    }

    /// Waits as the pace demands for the work since the last wait. A changed policy counts at once.
    mutating func wait() throws {
        let start = ContinuousClock.now
        while true {
            let remaining = pace.remainingWait(since: start)
            guard remaining > .zero else { break }
            sleep(for: min(remaining, pace.patience))
            if remaining > pace.patience { try ask() }
        }
        pace.waited()
    }

    private func sleep(for time: Duration) {
        var left = timespec(
            tv_sec: Int(time.components.seconds), tv_nsec: Int(time.components.attoseconds / 1_000_000_000))
        // Interrupted by a signal: its handler decides the answer to the next question.
        nanosleep(&left, nil)
    }
}
