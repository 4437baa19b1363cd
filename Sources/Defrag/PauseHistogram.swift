import DefragTypes
import Histogram

/// Distribution of lock times in constant memory, to two significant digits, from a microsecond to an hour.
struct PauseHistogram {
    private var counts = Histogram<UInt64>(
        lowestDiscernibleValue: 1, highestTrackableValue: 3_600_000_000, numberOfSignificantValueDigits: .two)
    private var longest = Duration.zero

    /// Counts one lock.
    mutating func record(_ time: Duration) {
        longest = max(longest, time)
        counts.record(UInt64(min(max(0, (time.inSeconds * 1e6).rounded()), 3.6e9)))
    }

    /// The distribution's figures.
    var statistics: PauseStatistics {
        func milliseconds(_ percentile: Double) -> Double {
            guard counts.totalCount > 0 else { return 0 }
            return min(Double(counts.valueAtPercentile(percentile)) / 1000, longest.inMilliseconds)
        }
        return PauseStatistics(
            count: Int(counts.totalCount), p50Ms: milliseconds(50), p99Ms: milliseconds(99),
            p999Ms: milliseconds(99.9), maxMs: longest.inMilliseconds)
    }
}
