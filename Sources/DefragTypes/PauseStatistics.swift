/// Distribution of the times for which the file was locked, one sample for each clone and each unshare.
public struct PauseStatistics: Codable, Hashable, Sendable {
    /// Number of samples.
    public var count: Int
    /// Median, in milliseconds.
    public var p50Ms: Double
    /// 99th percentile, in milliseconds.
    public var p99Ms: Double
    /// 99.9th percentile, in milliseconds.
    public var p999Ms: Double
    /// The longest, in milliseconds; exact.
    public var maxMs: Double

    /// The distribution's figures; without arguments, of no samples.
    public init(count: Int = 0, p50Ms: Double = 0, p99Ms: Double = 0, p999Ms: Double = 0, maxMs: Double = 0) {
        self.count = count
        self.p50Ms = p50Ms
        self.p99Ms = p99Ms
        self.p999Ms = p999Ms
        self.maxMs = maxMs
    }
}
