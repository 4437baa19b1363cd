/// The parts of a ``Policy`` that are set; `nil` leaves a part as it is.
///
/// As JSON: sizes in bytes, times in seconds, `duty` a fraction, `minFree` bytes or `"5%"`. Decoding validates.
public struct PolicyOverrides: Hashable, Sendable {
    /// See ``Policy/maxPause``.
    public var maxPause: Duration?
    /// See ``Policy/maxChunk``.
    public var maxChunk: ByteCount?
    /// See ``Policy/window``.
    public var window: ByteCount?
    /// See ``Policy/duty``.
    public var duty: Double?
    /// See ``Policy/idle``.
    public var idle: Duration?
    /// See ``Policy/rate``.
    public var rate: ByteCount?
    /// See ``Policy/targetExtent``.
    public var targetExtent: ByteCount?
    /// See ``Policy/sharing``.
    public var sharing: Sharing?
    /// See ``Policy/unshareBudget``.
    public var unshareBudget: ByteCount?
    /// See ``Policy/minFree``.
    public var minFree: FreeSpaceFloor?

    /// Nothing set.
    public init() {}

    /// What is wrong with the values, or `nil`: the first value out of its range, named as in JSON.
    public var problem: String? {
        func outside<Value: Comparable>(_ value: Value?, _ range: ClosedRange<Value>) -> Bool {
            value.map { !range.contains($0) } ?? false
        }
        func unaligned(_ value: ByteCount?) -> Bool { (value?.rawValue ?? 0) % 4096 != 0 }
        if outside(maxPause, .milliseconds(1)...(.seconds(10))) { return "maxPause must be from 1ms to 10s" }
        if outside(maxChunk, .kibibytes(64)...(.gibibytes(1))) || unaligned(maxChunk) {
            return "maxChunk must be a multiple of 4KiB from 64KiB to 1GiB"
        }
        if outside(window, .mebibytes(1)...(.gibibytes(1))) || unaligned(window) {
            return "window must be a multiple of 4KiB from 1MiB to 1GiB"
        }
        if outside(duty, 0.01...1) { return "duty must be from 1% to 100%" }
        if outside(idle, .zero...(.seconds(60))) { return "idle must be at most 60s" }
        if outside(rate, .kibibytes(64)...ByteCount(Int64.max)) {
            return "rate must be at least 64KiB a second"
        }
        if outside(targetExtent, .kibibytes(64)...(.gibibytes(8))) {
            return "targetExtent must be from 64KiB to 8GiB"
        }
        if outside(unshareBudget, .zero...ByteCount(Int64.max)) {
            return "unshareBudget must not be negative"
        }
        switch minFree {
        case .bytes(let bytes)? where bytes < .zero: return "minFree must not be negative"
        case .percent(let percent)? where !(0...100).contains(percent):
            return "minFree must be from 0% to 100%"
        default: return nil
        }
    }

    /// Why these values cannot be meant together, naming them as in JSON; `nil` if they can.
    public var contradiction: String? {
        sharing == .unshare && unshareBudget != nil
            ? "unshareBudget goes with sharing: preserve; unshare breaks all sharing, whatever it costs" : nil
    }

    /// These overrides, replaced by whatever `newer` sets.
    public func merged(with newer: PolicyOverrides) -> PolicyOverrides {
        var merged = PolicyOverrides()
        merged.maxPause = newer.maxPause ?? maxPause
        merged.maxChunk = newer.maxChunk ?? maxChunk
        merged.window = newer.window ?? window
        merged.duty = newer.duty ?? duty
        merged.idle = newer.idle ?? idle
        merged.rate = newer.rate ?? rate
        merged.targetExtent = newer.targetExtent ?? targetExtent
        merged.sharing = newer.sharing ?? sharing
        merged.unshareBudget = newer.unshareBudget ?? unshareBudget
        merged.minFree = newer.minFree ?? minFree
        return merged
    }
}

extension PolicyOverrides: Codable {
    private enum Key: String, CodingKey {
        case maxPause, maxChunk, window, duty, idle, rate, targetExtent, sharing, unshareBudget, minFree
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        func seconds(_ key: Key) throws -> Duration? {
            guard let value = try container.decodeIfPresent(Double.self, forKey: key) else { return nil }
            guard value.magnitude < 1e12 else {
                throw DecodingError.dataCorruptedError(
                    forKey: key, in: container, debugDescription: "too many seconds")
            }
            return .seconds(value)
        }
        maxPause = try seconds(.maxPause)
        maxChunk = try container.decodeIfPresent(ByteCount.self, forKey: .maxChunk)
        window = try container.decodeIfPresent(ByteCount.self, forKey: .window)
        duty = try container.decodeIfPresent(Double.self, forKey: .duty)
        idle = try seconds(.idle)
        rate = try container.decodeIfPresent(ByteCount.self, forKey: .rate)
        targetExtent = try container.decodeIfPresent(ByteCount.self, forKey: .targetExtent)
        sharing = try container.decodeIfPresent(Sharing.self, forKey: .sharing)
        unshareBudget = try container.decodeIfPresent(ByteCount.self, forKey: .unshareBudget)
        minFree = try container.decodeIfPresent(FreeSpaceFloor.self, forKey: .minFree)
        if let problem {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: problem))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encodeIfPresent(maxPause?.inSeconds, forKey: .maxPause)
        try container.encodeIfPresent(maxChunk, forKey: .maxChunk)
        try container.encodeIfPresent(window, forKey: .window)
        try container.encodeIfPresent(duty, forKey: .duty)
        try container.encodeIfPresent(idle?.inSeconds, forKey: .idle)
        try container.encodeIfPresent(rate, forKey: .rate)
        try container.encodeIfPresent(targetExtent, forKey: .targetExtent)
        try container.encodeIfPresent(sharing, forKey: .sharing)
        try container.encodeIfPresent(unshareBudget, forKey: .unshareBudget)
        try container.encodeIfPresent(minFree, forKey: .minFree)
    }
}
