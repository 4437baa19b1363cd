/// How the defragmentation of one file, or of one slice of it, ended.
public struct DefragResult: Codable, Hashable, Sendable {
    /// The file, as the caller named it.
    public var path: String
    /// Its inode number; zero when the file could not be opened.
    public var inode: UInt64
    /// Apparent size at the end.
    public var size: ByteCount
    /// How it ended.
    public var status: Status
    /// Why, unless it is simply done.
    public var reason: Reason?
    /// The reason in words: what happened and what to do.
    public var message: String?
    /// Where to go on; `nil` when the end of the file was reached or nothing can be done.
    public var nextOffset: ByteCount?
    /// Number of extents of the whole file.
    public var extents: Change<Int>
    /// Bytes written.
    public var bytes: Bytes
    /// Lock times of the chunks.
    public var pause: PauseStatistics
    /// Free space of the file system.
    public var freeBytes: FreeSpace
    /// Wall time.
    public var seconds: Double
    /// What a run that changes nothing (`dryRun`) expects of one that does; `nil` otherwise.
    public var prediction: Prediction?
    /// What else whoever reads this should know; `nil` for nothing.
    public var notes: [Note]?

    /// How a run ended.
    public enum Status: String, Codable, Hashable, Sendable {
        /// The end of the file was reached.
        case done
        /// Stopped before the end; goes on from `nextOffset`.
        case partial
        /// Not touched, for a reason that is not a failure.
        case skipped
        /// An error ended the run. Contents are as they were.
        case failed
    }

    /// A value before and after.
    public struct Change<Value: Codable & Hashable & Sendable>: Codable, Hashable, Sendable {
        /// Before the run.
        public var before: Value
        /// After the run.
        public var after: Value

        /// A change from `before` to `after`.
        public init(before: Value, after: Value) {
            self.before = before
            self.after = after
        }
    }

    /// What was written.
    public struct Bytes: Codable, Hashable, Sendable {
        /// Bytes laid afresh; a chunk laid twice counts twice.
        public var rewritten: ByteCount
        /// Of these, bytes that were shared with other files and are not any more: extra space used.
        public var unshared: ByteCount

        /// Totals of a run.
        public init(rewritten: ByteCount = .zero, unshared: ByteCount = .zero) {
            self.rewritten = rewritten
            self.unshared = unshared
        }
    }

    /// Free bytes of the file system, for unprivileged users (`f_bavail`).
    public struct FreeSpace: Codable, Hashable, Sendable {
        /// Before the run.
        public var before: ByteCount
        /// The least seen at a window's boundary or end of a chunk.
        public var lowest: ByteCount
        /// After the run.
        public var after: ByteCount

        /// The three figures.
        public init(before: ByteCount, lowest: ByteCount, after: ByteCount) {
            self.before = before
            self.lowest = lowest
            self.after = after
        }
    }

    /// What would come of a run if the free space were in one piece.
    public struct Prediction: Codable, Hashable, Sendable {
        /// Bytes that would be laid afresh.
        public var rewritten: ByteCount
        /// Of these, bytes that are shared with other files: what it would cost in space.
        public var unshared: ByteCount
        /// Extents of the whole file afterwards.
        public var extents: Int

        /// The three figures.
        public init(rewritten: ByteCount, unshared: ByteCount, extents: Int) {
            self.rewritten = rewritten
            self.unshared = unshared
            self.extents = extents
        }
    }

    /// Something that made the outcome worse than it could be, or was left undone.
    public struct Note: Codable, Hashable, Sendable {
        /// A code: ``Reason/hintNotSet``, ``Reason/extentSizeHint``, ``Reason/hintNotRestored``, ``Reason/noGain``,
        /// ``Reason/unsafeKernel``.
        public var reason: Reason
        /// What is the matter, and what to do.
        public var message: String

        /// A note.
        public init(_ reason: Reason, _ message: String) {
            self.reason = reason
            self.message = message
        }
    }

    /// A result for `path` of which nothing else is known yet.
    public init(path: String, status: Status, reason: Reason? = nil, message: String? = nil) {
        self.path = path
        self.inode = 0
        self.size = .zero
        self.status = status
        self.reason = reason
        self.message = message
        self.nextOffset = nil
        self.extents = Change(before: 0, after: 0)
        self.bytes = Bytes()
        self.pause = PauseStatistics()
        self.freeBytes = FreeSpace(before: .zero, lowest: .zero, after: .zero)
        self.seconds = 0
        self.prediction = nil
        self.notes = nil
    }

    /// Writes every key, those without a value as null.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(path, forKey: .path)
        try container.encode(inode, forKey: .inode)
        try container.encode(size, forKey: .size)
        try container.encode(status, forKey: .status)
        try container.encode(reason, forKey: .reason)
        try container.encode(message, forKey: .message)
        try container.encode(nextOffset, forKey: .nextOffset)
        try container.encode(extents, forKey: .extents)
        try container.encode(bytes, forKey: .bytes)
        try container.encode(pause, forKey: .pause)
        try container.encode(freeBytes, forKey: .freeBytes)
        try container.encode(seconds, forKey: .seconds)
        try container.encode(prediction, forKey: .prediction)
        try container.encode(notes, forKey: .notes)
    }
}
