import DefragTypes
import Support
import Testing

@testable import Defrag

/// The pause controller on recorded and on modelled devices.
///
/// A trace has a line for each chunk of a real run: bytes, extents, and how long the clone and the unshare took. A
/// replayed device costs, chunk after chunk, what it did in that moment: for a byte, and for an extent.
@Suite("The pause controller on devices") struct PauseTraceTests {
    /// What one moment of a device costs, in seconds.
    private struct Moment {
        var fixed = 0.0
        var perByte: Double
        var perExtent: Double

        func clone(_ extents: Int) -> Double { fixed / 10 + perExtent * Double(extents) }
        func unshare(_ bytes: Int64) -> Double { fixed + perByte * Double(bytes) }
    }

    /// This device, which also stalls for `stall` seconds at one call in `every`.
    private func simulated(
        fixed: Double, perMebibyte: Double, perExtent: Double, stall: Double = 0, every: Int = .max
    ) -> [Moment] {
        (1...2000).map {
            Moment(
                fixed: fixed + ($0 % every == 0 ? stall : 0), perByte: perMebibyte / 1_048_576,
                perExtent: perExtent)
        }
    }

    private func recorded(_ name: String) throws -> [Moment] {
        let folder = #filePath.split(separator: "/").dropLast().joined(separator: "/")
        return try Tool.run("cat", "/\(folder)/Traces/\(name).csv").split(separator: "\n").compactMap {
            let fields = $0.split(separator: ",").compactMap { Double($0) }
            guard fields.count == 4 else { return nil }
            return Moment(perByte: fields[3] / 1e6 / fields[0], perExtent: fields[2] / 1e6 / fields[1])
        }
    }

    private struct Outcome {
        var bytes: Int64 = 0
        var seconds = 0.0
        var locks: [Double] = []
        var rate: Double { Double(bytes) / seconds }

        /// Share of the locks that were longer than `limit`.
        func share(above limit: Double) -> Double {
            Double(locks.count { $0 > limit }) / Double(locks.count)
        }
    }

    /// Rewrites one chunk a moment, 12 KiB an extent, as large as `size` says; `learn` is told the result.
    private func replay(
        _ moments: [Moment], size: () -> ChunkLimits,
        learn: (Duration, Duration, Int64, Int) -> Void = { _, _, _, _ in }
    ) -> Outcome {
        var outcome = Outcome()
        for moment in moments {
            let limits = size()
            let bytes = min(limits.bytes, Int64(limits.extents) * 12288)
            let extents = max(1, Int(bytes / 12288))
            let (clone, unshare) = (moment.clone(extents), moment.unshare(bytes))
            learn(.seconds(clone), .seconds(unshare), bytes, extents)
            outcome.bytes += bytes
            outcome.seconds += clone + unshare
            outcome.locks += [clone, unshare]
        }
        return outcome
    }

    private func controlled(_ moments: [Moment], _ policy: Policy = Policy()) -> Outcome {
        var controller = PauseController()
        return replay(moments, size: { controller.limits(for: policy) }) {
            controller.learn(clone: $0, unshare: $1, bytes: $2, extents: $3, policy: policy)
        }
    }

    @Test(
        "recorded: the pause is kept but for hiccups, at no less speed than small chunks have",
        arguments: ["idle", "live", "direct"])
    func traces(name: String) throws {
        let moments = try recorded(name)
        #expect(moments.count > 200)
        let outcome = controlled(moments)
        let pause = Policy().maxPause.inSeconds
        #expect(outcome.share(above: pause) < 0.03)
        // The effect of an outlier is bounded by the size of its chunk.
        let largest = replay(moments, size: { ChunkLimits(bytes: 16 << 20, extents: .max / 16384) })
        #expect((outcome.locks.max() ?? 0) < (largest.locks.max() ?? 0) / 3)
        #expect(largest.share(above: pause) > 0.4)
        let small = replay(moments, size: { ChunkLimits(bytes: 262_144, extents: 64) })
        #expect(outcome.bytes > 2 * small.bytes)
        #expect(outcome.rate > 0.9 * small.rate)
    }

    @Test("a fast NVMe gets the largest chunks")
    func fast() {
        let outcome = controlled(simulated(fixed: 50e-6, perMebibyte: 0.4e-3, perExtent: 2e-6))
        #expect(outcome.share(above: 0.020) == 0)
        #expect(outcome.bytes > 2000 * 10 << 20)
    }

    @Test("a slow disk gets small ones, which are still worth their locks")
    func slow() {
        let outcome = controlled(simulated(fixed: 8e-3, perMebibyte: 12e-3, perExtent: 30e-6))
        #expect(outcome.share(above: 0.020) == 0)
        #expect(outcome.bytes > 2000 * 256 << 10)
    }

    @Test("a device too slow for the pause gets the smallest ones")
    func tooSlow() {
        let outcome = controlled(simulated(fixed: 30e-3, perMebibyte: 200e-3, perExtent: 30e-6))
        #expect(outcome.bytes <= 2000 * 262_144)
        #expect((outcome.locks.max() ?? 0) <= 30e-3 + 0.25 * 200e-3)
    }

    @Test("one that sometimes stalls is not taken for a slow one", arguments: [50, 200, 500])
    func stalling(every: Int) {
        let steady = controlled(simulated(fixed: 1e-3, perMebibyte: 3e-3, perExtent: 10e-6))
        let outcome = controlled(
            simulated(fixed: 1e-3, perMebibyte: 3e-3, perExtent: 10e-6, stall: 0.3, every: every))
        // The stalls themselves are the device's.
        #expect(outcome.share(above: 0.020) <= 1 / Double(every))
        #expect(Double(outcome.bytes) > 0.5 * Double(steady.bytes))
    }
}
