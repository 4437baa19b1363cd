public import DefragTypes
import Glibc

/// Chooses how large the next chunk may be, so that its locks stay within the policy's `maxPause`.
///
/// A clone costs by the extent, an unshare by the byte; each has its own estimate, learnt from measured lock times.
/// A chunk on an unknown device is small, and no chunk is more than twice as large as what has been tried. What is aimed at is
/// the tail: of a thousand locks, one may be longer than `maxPause`.
/// The value holds what was learnt about a device: pass it from run to run on the same file system.
public struct PauseController: Hashable, Sendable {
    private var unsharing = CostEstimate(first: 262_144, floor: 262_144)
    private var cloning = CostEstimate(first: 64, floor: 32)

    /// A controller that knows what `costs` say; nothing yet without them.
    public init(_ costs: LockCosts? = nil) {
        guard let costs else { return }
        unsharing.learnt = costs.unsharing
        cloning.learnt = costs.cloning
    }

    /// What was learnt.
    public var costs: LockCosts { LockCosts(unsharing: unsharing.learnt, cloning: cloning.learnt) }

    /// How large the next chunk may be. Never below 256 KiB (unless `maxChunk` is) and 32 extents, whatever the lock costs:
    /// smaller chunks leave more extents, and their locks are hardly shorter.
    public func limits(for policy: Policy) -> ChunkLimits {
        ChunkLimits(
            bytes: min(Int64(unsharing.limit(within: policy.maxPause)), policy.maxChunk.rawValue),
            extents: Int(cloning.limit(within: policy.maxPause)))
    }

    /// Whether chunks are as small as they get, by the lock that takes longest.
    func isAtFloor(_ chunk: Chunk, clone: Duration, unshare: Duration, policy: Policy) -> Bool {
        clone > unshare
            ? cloning.isAtFloor(Double(chunk.extents), within: policy.maxPause)
            : unsharing.isAtFloor(Double(chunk.length), within: policy.maxPause)
    }

    /// Learns from a chunk of `bytes` in `extents` that was rewritten under `policy`.
    public mutating func learn(
        clone: Duration, unshare: Duration, bytes: Int64, extents: Int, policy: Policy
    ) {
        let largest = Double(policy.maxChunk.rawValue)
        cloning.learn(clone, of: Double(extents), within: policy.maxPause, ceiling: .infinity)
        unsharing.learn(unshare, of: Double(bytes), within: policy.maxPause, ceiling: largest)
    }
}

/// The estimated cost of one unit (a byte, an extent), as TCP estimates its round trips (RFC 6298): a smoothed mean
/// and a smoothed deviation from it.
private struct CostEstimate: Hashable, Sendable {
    /// Units to start with.
    let first: Double
    /// Least units, whatever they cost.
    let floor: Double
    var learnt: LockCosts.Estimate

    init(first: Double, floor: Double) {
        self.first = first
        self.floor = floor
        learnt = .init(tried: first / 2)
    }

    /// Share of the allowed time that is aimed at, at the most and at the least. The remainder is headroom for the variation
    /// from chunk to chunk.
    private static let aims = 0.35...0.7
    /// Of how many locks one may be too long: that one shrinks the aim, the others make it grow back.
    private static let locksForEachOver = 1000.0
    private static let shrinkage = 0.85
    /// A lock so many times too long is the device's, and no smaller chunk would have made it short enough.
    private static let outlier = 3.0

    private var aim: Double { learnt.aim ?? Self.aims.upperBound }

    /// Whether nothing smaller than `units` would be tried.
    func isAtFloor(_ units: Double, within pause: Duration) -> Bool {
        units <= floor || limit(within: pause) <= floor
    }

    func limit(within pause: Duration) -> Double {
        guard let mean = learnt.mean else { return first }
        let affordable = pause.inSeconds * aim / max(mean + 4 * learnt.deviation, 1e-12)
        return max(floor, min(affordable, 2 * learnt.tried, 1e12))
    }

    mutating func learn(_ time: Duration, of units: Double, within pause: Duration, ceiling: Double) {
        let seconds = time.inSeconds
        let full = min(limit(within: pause), ceiling)
        if seconds > pause.inSeconds {
            if seconds <= pause.inSeconds * Self.outlier { move(aim * Self.shrinkage) }
        } else {
            move(aim * exp(-log(Self.shrinkage) / Self.locksForEachOver))
        }
        let isSlow = seconds > pause.inSeconds * aim
        // A part of a chunk says little: the cost of the call itself would count as the cost of its few units. Unless
        // even that part was slow.
        guard units >= full / 2 || isSlow else { return }
        var sample = seconds / max(units, full / 2)
        if let mean = learnt.mean {
            // One outlier of the device must not shrink the chunks for long; a slower device will be slow again.
            sample = min(sample, 4 * mean)
            learnt.deviation += ((sample - mean).magnitude - learnt.deviation) / 4
            learnt.mean = mean + (sample - mean) / 4
        } else {
            learnt.mean = sample
            learnt.deviation = sample / 2
        }
        learnt.tried = isSlow ? max(floor, min(learnt.tried, units)) : max(learnt.tried, units)
    }

    private mutating func move(_ aim: Double) {
        learnt.aim = min(max(aim, Self.aims.lowerBound), Self.aims.upperBound)
    }
}
