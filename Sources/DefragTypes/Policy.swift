/// How a file is to be defragmented: every decision that is the operator's, resolved to a value.
public struct Policy: Hashable, Sendable {
    /// Longest time that the file may be locked by one chunk's clone or unshare.
    public var maxPause: Duration = .milliseconds(20)
    /// Upper bound of a chunk, whatever the pause controller would allow.
    public var maxChunk: ByteCount = .mebibytes(16)
    /// How much is read ahead, rewritten and released together: the most extra space a private file needs.
    public var window: ByteCount = .mebibytes(16)
    /// Share of the time spent working, above 0 and up to 1. The remainder is idle, after each chunk in proportion.
    public var duty: Double = 0.5
    /// Least idle time after each chunk.
    public var idle: Duration = .zero
    /// Most bytes to rewrite in a second; `nil` for no limit.
    public var rate: ByteCount?
    /// An extent at least this long is left alone.
    public var targetExtent: ByteCount = .mebibytes(16)
    /// What to do with extents that other files (backups) share.
    public var sharing: Sharing = .preserve
    /// Most extra space that breaking sharing may cost; `nil` for a quarter of what is free above `minFree`.
    public var unshareBudget: ByteCount?
    /// Free space below which the work stops.
    public var minFree: FreeSpaceFloor = .percent(5)

    /// The default policy.
    public init() {}

    /// `base` with everything replaced that `overrides` sets.
    public init(_ overrides: PolicyOverrides, over base: Policy = Policy()) {
        self = base
        maxPause = overrides.maxPause ?? maxPause
        maxChunk = overrides.maxChunk ?? maxChunk
        window = overrides.window ?? window
        duty = overrides.duty ?? duty
        idle = overrides.idle ?? idle
        rate = overrides.rate ?? rate
        targetExtent = overrides.targetExtent ?? targetExtent
        sharing = overrides.sharing ?? sharing
        unshareBudget = overrides.unshareBudget ?? unshareBudget
        minFree = overrides.minFree ?? minFree
    }
}

/// What to do with extents that other files share.
public enum Sharing: String, Codable, Hashable, Sendable, CaseIterable {
    /// Leave large shared extents alone; rewrite small ones within the unshare budget.
    case preserve
    /// Rewrite everything, whatever it costs in space.
    case unshare
}

/// Free space of a file system below which no work is done.
public enum FreeSpaceFloor: Hashable, Sendable {
    /// A fixed number of bytes.
    case bytes(ByteCount)
    /// A share of the file system's size, 0 to 100.
    case percent(Double)

    /// The floor on a file system of `size` bytes.
    public func bytes(ofFileSystem size: ByteCount) -> ByteCount {
        switch self {
        case .bytes(let bytes): bytes
        case .percent(let percent):
            ByteCount(Int64(exactly: (Double(size.rawValue) * percent / 100).rounded(.down)) ?? .max)
        }
    }
}

extension FreeSpaceFloor: LosslessStringConvertible {
    /// Parses `5%` or a byte count such as `10GiB`.
    public init?(_ text: String) {
        if text.hasSuffix("%") {
            guard let percent = decimal(text.dropLast()), percent <= 100 else { return nil }
            self = .percent(percent)
        } else {
            guard let bytes = ByteCount(text) else { return nil }
            self = .bytes(bytes)
        }
    }

    public var description: String {
        switch self {
        case .bytes(let bytes): bytes.description
        case .percent(let percent): percent == percent.rounded() ? "\(Int(percent))%" : "\(percent)%"
        }
    }
}

/// Encodes as an integer of bytes or as text like `"5%"`.
extension FreeSpaceFloor: Codable {
    /// Most bytes of its text in JSON.
    private static let mostBytes = 32

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let bytes = try? container.decode(ByteCount.self) {
            self = .bytes(bytes)
        } else {
            let text = try container.decode(String.self)
            if text.utf8.count <= Self.mostBytes, let floor = FreeSpaceFloor(text) {
                self = floor
                return
            }
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "expected a number of bytes or a text like \"5%\"")
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .bytes(let bytes): try container.encode(bytes)
        case .percent: try container.encode(description)
        }
    }
}
