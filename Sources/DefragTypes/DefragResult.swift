/// How the defragmentation of one file, or of one slice of it, ended.
public struct DefragResult: Codable, Hashable, Sendable {
    /// The file, as the caller named it.
    @Bounded<PathText> public var path: String
    /// Its inode number; zero when the file could not be opened, or the run was stopped before it had counted the extents.
    @Bounded<Inode> public var inode: UInt64
    /// Apparent size at the end.
    @Bounded<Size> public var size: ByteCount
    /// How it ended.
    public var status: Status
    /// Why, unless it is simply done.
    public var reason: Reason?
    /// The reason in words: what happened and what to do.
    @Bounded<Sentence?> public var message: String?
    /// Where to go on; `nil` when the end of the file was reached or nothing can be done.
    @Bounded<Size?> public var nextOffset: ByteCount?
    /// Number of extents of the whole file; reckoned and not counted where a part of the file was done by another run.
    @Bounded<Changed<Count>> public var extents: Change<Int>
    /// Bytes written.
    public var bytes: Bytes
    /// Lock times of the chunks.
    public var pause: PauseStatistics
    /// How long the device took for each read of ours that was waited for, of at most 128 KiB; `over` counts those above the
    /// policy's ``Policy/maxPause``. `nil` without any, and from workers before contract 1.2.
    public var waits: PauseStatistics?
    /// The longest locks and reads, the longest first; `nil` without any, and from workers before contract 1.2.
    @Bounded<Items<8, Wait>?> public var worst: [Wait]?
    /// Free space of the file system.
    public var freeBytes: FreeSpace
    /// Wall time.
    @Bounded<Seconds> public var seconds: Double
    /// What a run that changes nothing (`dryRun`) expects of one that does; `nil` otherwise.
    public var prediction: Prediction?
    /// Circumstances that made the outcome worse, or were left undone; `nil` for none.
    @Bounded<Items<16, Note>?> public var notes: [Note]?

    /// Most notes of a result: one of each kind.
    public static let mostNotes = 16

    /// Most waits of ``worst``.
    public static let mostWaits = 8

    /// How a run ended.
    public enum Status: String, Codable, Hashable, Sendable, CaseIterable {
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
        /// Bytes rewritten; a chunk rewritten twice counts twice.
        @Bounded<Written> public var rewritten: ByteCount
        /// Of these, bytes that were shared with other files and are not any more: extra space used.
        @Bounded<Written> public var unshared: ByteCount

        /// Totals of a run.
        public init(rewritten: ByteCount = .zero, unshared: ByteCount = .zero) {
            self.rewritten = rewritten
            self.unshared = unshared
        }
    }

    /// A lock of the file, or a read of the device.
    public struct Wait: Codable, Hashable, Sendable {
        /// When it ended.
        public var time: Timestamp
        /// What it was for: the locks `clone`, `unshare` and `pin`, and `read`. There may be more.
        @Bounded<ReasonText> public var phase: String
        /// Where in the file.
        @Bounded<Size> public var offset: ByteCount
        /// How long it took, in milliseconds.
        @Bounded<Milliseconds> public var ms: Double

        /// A wait.
        public init(time: Timestamp, phase: String, offset: ByteCount, ms: Double) {
            self.time = time
            self.phase = phase
            self.offset = offset
            self.ms = ms
        }
    }

    /// Free bytes of the file system, for unprivileged users (`f_bavail`).
    public struct FreeSpace: Codable, Hashable, Sendable {
        /// Before the run.
        @Bounded<Size> public var before: ByteCount
        /// The least seen at a window's boundary or end of a chunk.
        @Bounded<Size> public var lowest: ByteCount
        /// After the run.
        @Bounded<Size> public var after: ByteCount

        /// The three figures.
        public init(before: ByteCount, lowest: ByteCount, after: ByteCount) {
            self.before = before
            self.lowest = lowest
            self.after = after
        }
    }

    /// The expected outcome of a run if the free space were contiguous.
    public struct Prediction: Codable, Hashable, Sendable {
        /// Bytes that would be rewritten.
        @Bounded<Written> public var rewritten: ByteCount
        /// Of these, bytes that are shared with other files: what it would cost in space.
        @Bounded<Written> public var unshared: ByteCount
        /// Extents of the whole file afterwards.
        @Bounded<Count> public var extents: Int

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
        /// ``Reason/unsafeKernel``, ``Reason/ioError``, ``Reason/preallocated``, ``Reason/thinDevice``.
        public var reason: Reason
        /// What is the matter, and what to do.
        @Bounded<Sentence> public var message: String

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
        self.waits = nil
        self.worst = nil
        self.freeBytes = FreeSpace(before: .zero, lowest: .zero, after: .zero)
        self.seconds = 0
        self.prediction = nil
        self.notes = nil
    }

    /// Writes every key, those without a value as null.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(_path, forKey: .path)
        try container.encode(_inode, forKey: .inode)
        try container.encode(_size, forKey: .size)
        try container.encode(status, forKey: .status)
        try container.encode(reason, forKey: .reason)
        try container.encodeOrNull(_message, forKey: .message)
        try container.encodeOrNull(_nextOffset, forKey: .nextOffset)
        try container.encode(_extents, forKey: .extents)
        try container.encode(bytes, forKey: .bytes)
        try container.encode(pause, forKey: .pause)
        try container.encode(waits, forKey: .waits)
        try container.encodeOrNull(_worst, forKey: .worst)
        try container.encode(freeBytes, forKey: .freeBytes)
        try container.encode(_seconds, forKey: .seconds)
        try container.encode(prediction, forKey: .prediction)
        try container.encodeOrNull(_notes, forKey: .notes)
    }
}

/// A change between two values that each have a bound.
public enum Changed<Rule: Bound>: Bound where Rule.Value: Codable {
    private struct Pair: Codable {
        let before: Bounded<Rule>
        let after: Bounded<Rule>
    }

    public static var shape: Shape? { nil }

    public static func decode(from decoder: any Decoder) throws -> DefragResult.Change<Rule.Value> {
        let pair = try Pair(from: decoder)
        return .init(before: pair.before.wrappedValue, after: pair.after.wrappedValue)
    }

    public static func encode(_ value: DefragResult.Change<Rule.Value>, to encoder: any Encoder) throws {
        try Pair(
            before: Bounded(wrappedValue: value.before), after: Bounded(wrappedValue: value.after)
        ).encode(to: encoder)
    }
}
