/// How a file is laid out on disk. An extent here is a stretch that is contiguous in the file *and* on the device,
/// however many records the file system keeps for it.
public struct ExtentStatistics: Codable, Hashable, Sendable {
    /// Number of extents: written and unwritten, not holes.
    @Bounded<Count> public var extents: Int
    /// Bytes in those extents.
    @Bounded<Size> public var mappedBytes: ByteCount
    /// Bytes that other files share.
    @Bounded<Size> public var sharedBytes: ByteCount
    /// Extents by size: each bucket counts those up to `upTo` bytes and above the bucket before it.
    @Bounded<Items<64, Bucket>> public var histogram: [Bucket]

    /// One range of extent sizes.
    public struct Bucket: Codable, Hashable, Sendable {
        /// Largest extent counted here, in bytes.
        @Bounded<SizeLimit> public var upTo: ByteCount
        /// How many extents.
        @Bounded<Count> public var extents: Int
        /// Their bytes.
        @Bounded<Size> public var bytes: ByteCount

        /// A bucket.
        public init(upTo: ByteCount, extents: Int = 0, bytes: ByteCount = .zero) {
            self.upTo = upTo
            self.extents = extents
            self.bytes = bytes
        }
    }

    /// No extents.
    public init() {
        extents = 0
        mappedBytes = .zero
        sharedBytes = .zero
        histogram = []
    }

    /// Mean size of an extent; zero without extents.
    public var averageExtent: ByteCount {
        extents == 0 ? .zero : ByteCount(mappedBytes.rawValue / Int64(extents))
    }

    /// Counts one extent of `length` bytes into the totals and the histogram, whose buckets are powers of four
    /// from 4 KiB to 1 GiB and one for everything above.
    public mutating func count(extentOf length: ByteCount) {
        if histogram.isEmpty {
            histogram = (0...9).map { Bucket(upTo: ByteCount(Int64(4096) << (2 * $0))) }
            histogram.append(Bucket(upTo: ByteCount(Int64.max)))
        }
        extents += 1
        mappedBytes += length
        guard let bucket = histogram.firstIndex(where: { length <= $0.upTo }) else { return }
        histogram[bucket].extents += 1
        histogram[bucket].bytes += length
    }
}
