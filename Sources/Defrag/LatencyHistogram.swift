import DefragTypes
import Histogram

/// Distribution of times in constant memory, to two significant digits, from a microsecond to an hour.
struct LatencyHistogram {
    private var counts = Histogram<UInt64>(
        lowestDiscernibleValue: 1, highestTrackableValue: 3_600_000_000, numberOfSignificantValueDigits: .two)
    private var longest = Duration.zero
    private var buckets = PauseStatistics.bounds.map { PauseStatistics.Bucket(upTo: $0) }
    private var over = 0

    /// Counts one time that was to take no longer than `aim`.
    mutating func record(_ time: Duration, aim: Duration) {
        longest = max(longest, time)
        if time > aim { over += 1 }
        if let bucket = buckets.firstIndex(where: { time <= .seconds($0.upTo) }) {
            buckets[bucket].count += 1
        }
        counts.record(UInt64(min(max(0, (time.inSeconds * 1e6).rounded()), 3.6e9)))
    }

    /// The distribution's figures.
    var statistics: PauseStatistics {
        func milliseconds(_ percentile: Double) -> Double {
            min(Double(counts.valueAtPercentile(percentile)) / 1000, longest.inMilliseconds)
        }
        guard counts.totalCount > 0 else { return PauseStatistics() }
        return PauseStatistics(
            count: Int(counts.totalCount), p50Ms: milliseconds(50), p99Ms: milliseconds(99),
            p999Ms: milliseconds(99.9), maxMs: longest.inMilliseconds,
            buckets: buckets, over: over)
    }
}
