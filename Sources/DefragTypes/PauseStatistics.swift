/// Distribution of times: of the locks of the file, one sample for each clone and each unshare, or of reads of the device.
public struct PauseStatistics: Codable, Hashable, Sendable {
    /// Number of samples.
    @Bounded<Count> public var count: Int
    /// Median, in milliseconds.
    @Bounded<Milliseconds> public var p50Ms: Double
    /// 99th percentile, in milliseconds.
    @Bounded<Milliseconds> public var p99Ms: Double
    /// 99.9th percentile, in milliseconds.
    @Bounded<Milliseconds> public var p999Ms: Double
    /// The longest, in milliseconds; exact.
    @Bounded<Milliseconds> public var maxMs: Double
    /// The samples by length, in ascending order; what is longer than the last bound is ``count`` less their sum.
    /// `nil` without samples, and from workers before contract 1.2.
    @Bounded<Items<64, Bucket>?> public var buckets: [Bucket]?
    /// Samples above the policy's ``Policy/maxPause`` of their time; `nil` as ``buckets``.
    @Bounded<Count?> public var over: Int?

    /// One range of lengths. As JSON it is a pair: `[0.02, 17]`.
    public struct Bucket: Hashable, Sendable {
        /// The longest sample counted here, in seconds; the shorter ones are in the buckets before.
        @Bounded<Seconds> public var upTo: Double
        /// Samples of this bucket alone.
        @Bounded<Count> public var count: Int

        /// A bucket.
        public init(upTo: Double, count: Int = 0) {
            self.upTo = upTo
            self.count = count
        }
    }

    /// Upper bounds of the buckets that a worker fills, in seconds: 1 ms to 10 s.
    public static let bounds: [Double] = [
        0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10,
    ]

    /// The distribution's figures; without arguments, of no samples.
    public init(
        count: Int = 0, p50Ms: Double = 0, p99Ms: Double = 0, p999Ms: Double = 0, maxMs: Double = 0,
        buckets: [Bucket]? = nil, over: Int? = nil
    ) {
        self.count = count
        self.p50Ms = p50Ms
        self.p99Ms = p99Ms
        self.p999Ms = p999Ms
        self.maxMs = maxMs
        self.buckets = buckets
        self.over = over
    }
}

extension PauseStatistics {
    /// The distribution of both: counts and buckets added up, of the percentiles the worse.
    ///
    /// Buckets and ``over`` are known if they are of both, and of the same bounds.
    public func merged(with other: PauseStatistics) -> PauseStatistics {
        if other.count == 0 { return self }
        if count == 0 { return other }
        var both = PauseStatistics(
            count: count + other.count, p50Ms: max(p50Ms, other.p50Ms), p99Ms: max(p99Ms, other.p99Ms),
            p999Ms: max(p999Ms, other.p999Ms), maxMs: max(maxMs, other.maxMs))
        if let buckets, let others = other.buckets, buckets.map(\.upTo) == others.map(\.upTo) {
            both.buckets = zip(buckets, others).map { Bucket(upTo: $0.upTo, count: $0.count + $1.count) }
        }
        if let over, let others = other.over { both.over = over + others }
        return both
    }
}

extension PauseStatistics.Bucket: Codable {
    public init(from decoder: any Decoder) throws {
        (_upTo, _count) = try decoder.pair("a bucket is a pair of seconds and a count")
    }

    public func encode(to encoder: any Encoder) throws { try encoder.encode(_upTo, _count) }
}
