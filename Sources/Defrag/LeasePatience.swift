import Glibc
import XFS

/// Calls `open`, and again while the holder of a lease on the file is asked for it (`EAGAIN`), which takes it a moment.
func awaitingLeases<Value: ~Copyable>(
    within limit: Duration = .seconds(2), _ open: () throws(SystemError) -> Value
) throws(SystemError) -> Value {
    let start = ContinuousClock.now
    while true {
        do throws(SystemError) { return try open() } catch {
            guard error.errno == EAGAIN, ContinuousClock.now - start < limit else { throw error }
            usleep(20_000)
        }
    }
}
