import Foundation

extension Target {
    /// How failed attempts are repeated.
    struct Retries {
        var attempts: Int
        var backOff: TimeInterval

        init(_ strategy: RolloutSpec.Strategy) {
            attempts = strategy.attempts
            backOff = strategy.backOff
        }

        /// Seconds of wait after so many failures in a row: doubled each time, at most an hour.
        func wait(after failures: Int) -> TimeInterval {
            min(backOff * Double(1 << min(max(failures - 1, 0), 20)), max(backOff, 3600))
        }
    }
}
