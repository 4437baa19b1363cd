/// What a slice of a file hands on to the next one, so that a slice costs what it does and not what the file is: what only a
/// walk over the whole map tells, what is left of the budget, and what was learnt about the device.
///
/// It is the answer's, and comes back with the next task; in between, nobody reads more of it than ``unshareBudgetLeft``.
public struct SliceState: Codable, Hashable, Sendable {
    /// State of another file says nothing. Zero: nothing is known yet.
    @Bounded<Inode> public var inode: UInt64
    /// Extents of the whole file: counted by the first slice, less what has been saved since.
    @Bounded<Count> public var extents: Int
    /// Bytes that may still be unshared in this file.
    @Bounded<Size> public var unshareBudgetLeft: ByteCount
    /// Bytes that the job has unshared in this file, in slices that were answered or not.
    @Bounded<Written> public var unshared: ByteCount
    /// Which extents the budget is best spent for; `nil` if it is enough for all.
    public var allowance: UnshareAllowance?
    /// What of the policy all this depends on, as the engine writes it.
    @Bounded<JudgementText> public var judgedBy: String
    /// What the device cannot read, in the order in which it was found.
    @Bounded<Items<64, ByteRange>> public var unreadable: [ByteRange]
    /// What was learnt about the device.
    public var costs: LockCosts?

    /// Most parts that are listed as unreadable.
    public static let mostUnreadable = 64

    /// Of nothing yet.
    public init() {
        inode = 0
        extents = 0
        unshareBudgetLeft = .zero
        unshared = .zero
        allowance = nil
        judgedBy = ""
        unreadable = []
        costs = nil
    }
}

/// A range of a file. As JSON it is a pair: `[4096, 8192]`.
public struct ByteRange: Hashable, Sendable {
    @Bounded<Size> public var from: ByteCount
    /// Its first byte is not in the range.
    @Bounded<Size> public var to: ByteCount

    /// A range; empty if it ends before it begins.
    public init(from: ByteCount, to: ByteCount) {
        self.from = from
        self.to = to
    }
}

extension ByteRange: Codable {
    public init(from decoder: any Decoder) throws {
        (_from, _to) = try decoder.pair("a range is a pair of offsets")
    }

    public func encode(to encoder: any Encoder) throws { try encoder.encode(_from, _to) }
}

/// What locks of a file have cost on its device.
public struct LockCosts: Codable, Hashable, Sendable {
    /// By the byte that is unshared, and by the extent that is cloned.
    public var unsharing: Estimate
    public var cloning: Estimate

    /// A smoothed estimate, as TCP has of its round trips (RFC 6298).
    public struct Estimate: Codable, Hashable, Sendable {
        /// Seconds for a unit; `nil` as long as nothing was measured.
        @Bounded<UnitSeconds?> public var mean: Double?
        /// By how much it varies, in seconds.
        @Bounded<UnitSeconds> public var deviation: Double
        /// The most units that were tried without exceeding the aim.
        @Bounded<Units> public var tried: Double
        /// The share of the longest allowed time that is aimed at; `nil` as long as nothing was measured.
        @Bounded<TimeShare?> public var aim: Double?

        /// An estimate.
        public init(mean: Double? = nil, deviation: Double = 0, tried: Double, aim: Double? = nil) {
            self.mean = mean
            self.deviation = deviation
            self.tried = tried
            self.aim = aim
        }
    }

    /// Both estimates.
    public init(unsharing: Estimate, cloning: Estimate) {
        self.unsharing = unsharing
        self.cloning = cloning
    }
}

/// What a state was judged by.
public enum JudgementText: TextBound {
    public static let bytes = 0...128
    public static let form = TextForm.name
}

/// Seconds that one unit of work takes.
public enum UnitSeconds: NumberBound {
    public typealias Value = Double
    public static let range = 0...1e6
}

/// A share of a time.
public enum TimeShare: NumberBound {
    public typealias Value = Double
    public static let range = 0.0...1
}

/// Units of work: bytes, extents.
public enum Units: NumberBound {
    public typealias Value = Double
    public static let range = 0...1e15
}
