/// What a survey found out about one file.
public struct FileSurvey: Codable, Hashable, Sendable {
    /// The file, as it was named or found.
    @Bounded<PathText> public var path: String
    /// Its inode number.
    @Bounded<Inode> public var inode: UInt64
    /// UUID of the file system that holds it.
    @Bounded<UUIDText> public var fileSystem: String
    /// Apparent size.
    @Bounded<Size> public var size: ByteCount
    /// How it is laid out on disk; its fields are the survey's own in JSON.
    public var statistics: ExtentStatistics
    /// How long a reflink copy of the file would block its writers; zero where there are no reflink copies.
    @Bounded<Seconds> public var estimatedReflinkSeconds: Double
    /// How much of that defragmenting the file would save.
    @Bounded<Seconds> public var gainSeconds: Double
    /// Whether both are based on a cost measured on this file system; otherwise on a typical cost.
    public var isCalibrated: Bool
    /// Its `extsize` hint; `nil` without one.
    @Bounded<Size?> public var extentSizeHint: ByteCount?
    /// How often it changes from written to preallocated or back where nothing lies between: for a reflink copy the written parts
    /// are as many extents, and no run saves them.
    @Bounded<Count> public var preallocationChanges: Int
    /// Why it cannot be defragmented now; `nil` if no obstacle is known.
    public var obstacle: Obstacle?

    /// Why a file cannot be defragmented.
    public struct Obstacle: Codable, Hashable, Sendable {
        /// The code.
        public var reason: Reason
        /// What is wrong with which file, and what to do about it.
        @Bounded<Sentence> public var message: String

        /// An obstacle.
        public init(reason: Reason, message: String) {
            self.reason = reason
            self.message = message
        }
    }

    /// A survey of one file.
    public init(
        path: String, inode: UInt64, fileSystem: String, size: ByteCount, statistics: ExtentStatistics,
        estimatedReflinkSeconds: Double, gainSeconds: Double = 0, isCalibrated: Bool = false,
        extentSizeHint: ByteCount? = nil, preallocationChanges: Int = 0, obstacle: Obstacle? = nil
    ) {
        self.path = path
        self.inode = inode
        self.fileSystem = fileSystem
        self.size = size
        self.statistics = statistics
        self.estimatedReflinkSeconds = estimatedReflinkSeconds
        self.gainSeconds = gainSeconds
        self.isCalibrated = isCalibrated
        self.extentSizeHint = extentSizeHint
        self.preallocationChanges = preallocationChanges
        self.obstacle = obstacle
    }

    /// Whether this file deserves its turn before `other`: the larger gain first, then the more extents.
    public func ranksBefore(_ other: FileSurvey) -> Bool {
        (other.gainSeconds, other.statistics.extents, PathKey(path))
            < (gainSeconds, statistics.extents, PathKey(other.path))
    }

    private enum Key: String, CodingKey {
        case path, inode, fileSystem, size, estimatedReflinkSeconds, averageExtent
        case gainSeconds, calibrated, extentSizeHint, preallocationChanges, obstacle
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        _path = try container.decode(Bounded.self, forKey: .path)
        _inode = try container.decode(Bounded.self, forKey: .inode)
        _fileSystem = try container.decode(Bounded.self, forKey: .fileSystem)
        _size = try container.decode(Bounded.self, forKey: .size)
        _estimatedReflinkSeconds = try container.decode(Bounded.self, forKey: .estimatedReflinkSeconds)
        _gainSeconds = try container.decode(or: 0, forKey: .gainSeconds)
        isCalibrated = try container.decodeIfPresent(Bool.self, forKey: .calibrated) ?? false
        _extentSizeHint = try container.decode(Bounded.self, forKey: .extentSizeHint)
        _preallocationChanges = try container.decode(or: 0, forKey: .preallocationChanges)
        obstacle = try container.decodeIfPresent(Obstacle.self, forKey: .obstacle)
        statistics = try ExtentStatistics(from: decoder)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(_path, forKey: .path)
        try container.encode(_inode, forKey: .inode)
        try container.encode(_fileSystem, forKey: .fileSystem)
        try container.encode(_size, forKey: .size)
        try statistics.encode(to: encoder)
        try container.encode(statistics.averageExtent, forKey: .averageExtent)
        try container.encode(_estimatedReflinkSeconds, forKey: .estimatedReflinkSeconds)
        try container.encode(_gainSeconds, forKey: .gainSeconds)
        try container.encode(isCalibrated, forKey: .calibrated)
        try container.encode(_extentSizeHint, forKey: .extentSizeHint)
        if preallocationChanges > 0 {
            try container.encode(_preallocationChanges, forKey: .preallocationChanges)
        }
        try container.encodeIfPresent(obstacle, forKey: .obstacle)
    }
}
