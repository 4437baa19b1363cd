/// Totals of a survey.
public struct SurveySummary: Codable, Hashable, Sendable {
    /// Number of files.
    @Bounded<Count> public var files = 0
    /// Their apparent sizes, added up.
    @Bounded<Size> public var size = ByteCount.zero
    /// Their extents.
    @Bounded<Count> public var extents = 0
    /// How long reflink copies of all of them would block their writers, one after the other, in seconds.
    @Bounded<Seconds> public var reflinkSeconds = 0.0
    /// How much of that defragmenting would save, for those files that can be defragmented.
    @Bounded<Seconds> public var gainSeconds = 0.0
    /// Files that carry an `extsize` hint.
    @Bounded<Count> public var withExtentSizeHint = 0
    /// Files that are preallocated and written here and there, with at least ``Preallocation/leastChanges`` changes.
    @Bounded<Count?> public var withPreallocation: Int?
    /// What cannot be defragmented, and why; the most frequent reason first.
    @Bounded<Items<64, Obstructed>> public var obstacles: [Obstructed] = []
    /// The cost of reflink copies on each file system for which it was needed.
    @Bounded<Items<256, ReflinkCost>> public var reflinkCosts: [ReflinkCost] = []

    /// File systems on devices that grow as they are written to; `nil` for none.
    @Bounded<Items<256, ThinDevice>?> public var thinDevices: [ThinDevice]?

    /// A file system whose free space says nothing of the space beneath it.
    public struct ThinDevice: Codable, Hashable, Sendable {
        /// UUID of the file system.
        @Bounded<UUIDText> public var fileSystem: String
        /// What it lies on, and what to do.
        @Bounded<Remark> public var message: String

        /// What `fileSystem` lies on.
        public init(fileSystem: String, message: String) {
            self.fileSystem = fileSystem
            self.message = message
        }
    }

    /// Files that one reason keeps from being defragmented.
    public struct Obstructed: Codable, Hashable, Sendable {
        /// The reason.
        public var reason: Reason
        /// How many files.
        @Bounded<Count> public var files: Int
        /// The message about one of them.
        @Bounded<Example> public var example: String

        /// So many files.
        public init(reason: Reason, files: Int, example: String) {
            self.reason = reason
            self.files = files
            self.example = example
        }
    }

    /// A summary of no files.
    public init() {}

    /// How many files cannot be defragmented.
    public var obstructed: Int { obstacles.reduce(0) { $0 + $1.files } }

    /// Counts one more file in.
    public mutating func count(_ survey: FileSurvey) {
        files += 1
        size += survey.size
        extents += survey.statistics.extents
        reflinkSeconds += survey.estimatedReflinkSeconds
        if survey.extentSizeHint != nil { withExtentSizeHint += 1 }
        if survey.preallocationChanges >= Preallocation.leastChanges {
            withPreallocation = (withPreallocation ?? 0) + 1
        }
        guard let obstacle = survey.obstacle else {
            gainSeconds += survey.gainSeconds
            return
        }
        if let known = obstacles.firstIndex(where: { $0.reason == obstacle.reason }) {
            obstacles[known].files += 1
        } else {
            obstacles.append(Obstructed(reason: obstacle.reason, files: 1, example: obstacle.message))
        }
        obstacles.sort { $1.files < $0.files }
    }
}
