/// What a survey found out about one file.
public struct FileSurvey: Codable, Hashable, Sendable {
    /// The file, as it was named or found.
    public var path: String
    /// Its inode number.
    public var inode: UInt64
    /// UUID of the file system that holds it.
    public var fileSystem: String
    /// Apparent size.
    public var size: ByteCount
    /// How it lies on disk; its fields are the survey's own in JSON.
    public var statistics: ExtentStatistics
    /// How long a reflink copy of the file would block its writers.
    public var estimatedReflinkSeconds: Double

    /// A survey of one file.
    public init(
        path: String, inode: UInt64, fileSystem: String, size: ByteCount, statistics: ExtentStatistics,
        estimatedReflinkSeconds: Double
    ) {
        self.path = path
        self.inode = inode
        self.fileSystem = fileSystem
        self.size = size
        self.statistics = statistics
        self.estimatedReflinkSeconds = estimatedReflinkSeconds
    }

    private enum Key: String, CodingKey {
        case path, inode, fileSystem, size, estimatedReflinkSeconds, averageExtent
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        path = try container.decode(String.self, forKey: .path)
        inode = try container.decode(UInt64.self, forKey: .inode)
        fileSystem = try container.decode(String.self, forKey: .fileSystem)
        size = try container.decode(ByteCount.self, forKey: .size)
        estimatedReflinkSeconds = try container.decode(Double.self, forKey: .estimatedReflinkSeconds)
        statistics = try ExtentStatistics(from: decoder)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(path, forKey: .path)
        try container.encode(inode, forKey: .inode)
        try container.encode(fileSystem, forKey: .fileSystem)
        try container.encode(size, forKey: .size)
        try statistics.encode(to: encoder)
        try container.encode(statistics.averageExtent, forKey: .averageExtent)
        try container.encode(estimatedReflinkSeconds, forKey: .estimatedReflinkSeconds)
    }
}
