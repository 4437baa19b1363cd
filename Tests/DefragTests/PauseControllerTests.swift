import DefragTypes
import Testing

@testable import Defrag

struct PauseControllerTests {
    /// A device with fixed costs of locks.
    private struct Device {
        var fixed = 0.002
        var perMebibyte = 0.005
        var perExtent = 20e-6
    }

    private func settle(
        _ device: Device, _ policy: Policy, from start: PauseController = .init(), rounds: Int = 60
    ) -> (controller: PauseController, longest: Double, last: ChunkLimits) {
        var controller = start
        var longest = 0.0
        for _ in 0..<rounds {
            let chunk = controller.limits(for: policy)
            // 16 KiB an extent: whichever limit is reached first.
            let bytes = min(chunk.bytes, Int64(chunk.extents) * 16384)
            let extents = max(1, Int(bytes / 16384))
            let clone = device.fixed / 10 + Double(extents) * device.perExtent
            let unshare = device.fixed + Double(bytes) / 1048576 * device.perMebibyte
            longest = max(longest, clone, unshare)
            controller.learn(
                clone: .seconds(clone), unshare: .seconds(unshare), bytes: bytes, extents: extents,
                policy: policy)
        }
        return (controller, longest, controller.limits(for: policy))
    }

    @Test func startsSmall() {
        let limits = PauseController().limits(for: Policy())
        #expect(limits == ChunkLimits(bytes: 256 << 10, extents: 64))
    }

    @Test(
        arguments: [
            (0.001, 1, 20), (0.005, 1, 20), (0.02, 0.5, 20), (0.0005, 4, 20), (0.005, 4, 100),
            (0.1, 0.125, 20),
        ] as [(Double, Double, Int)])
    func aimsAtThePauseFromBelow(perMebibyte: Double, leastMebibytes: Double, milliseconds: Int) {
        var policy = Policy()
        policy.maxPause = .milliseconds(milliseconds)
        let device = Device(perMebibyte: perMebibyte)
        let (_, longest, last) = settle(device, policy)
        #expect(Double(last.bytes) >= leastMebibytes * 1048576)
        // Only the first chunk of a slow device is sized without knowledge.
        #expect(longest <= max(policy.maxPause.inSeconds, 0.002 + perMebibyte / 4 + 1e-9))
    }

    @Test func anExpensiveExtentBoundsTheirNumber() {
        let policy = Policy()
        let (_, longest, last) = settle(Device(perExtent: 200e-6), policy)
        #expect((32...100).contains(last.extents))
        #expect(longest <= policy.maxPause.inSeconds)
    }

    @Test func neverGrowsBeyondTwiceWhatWasTried() {
        let policy = Policy()
        var controller = PauseController()
        var tried: Int64 = 128 << 10
        for _ in 0..<10 {
            let limits = controller.limits(for: policy)
            #expect(limits.bytes <= 2 * tried)
            tried = limits.bytes
            controller.learn(
                clone: .microseconds(1), unshare: .microseconds(1), bytes: limits.bytes, extents: 1,
                policy: policy)
        }
        #expect(tried == policy.maxChunk.rawValue)
    }

    @Test func oneOutlierIsForgiven() {
        let policy = Policy()
        var (controller, _, before) = settle(Device(), policy)
        controller.learn(
            clone: .milliseconds(1), unshare: .seconds(1), bytes: before.bytes, extents: before.extents,
            policy: policy)
        let during = controller.limits(for: policy)
        #expect(during.bytes < before.bytes / 2)
        let after = settle(Device(), policy, from: controller, rounds: 40).last
        #expect(after.bytes > before.bytes * 3 / 4)
    }

    @Test func aSlowerDeviceIsNoticed() {
        let policy = Policy()
        let fast = settle(Device(), policy)
        let slow = settle(Device(perMebibyte: 0.02), policy, from: fast.controller, rounds: 20)
        #expect(slow.last.bytes < fast.last.bytes / 2)
    }

    @Test func smallRemaindersOfStretchesTeachNothing() {
        let policy = Policy()
        var (controller, _, before) = settle(Device(), policy)
        for _ in 0..<50 {
            controller.learn(
                clone: .microseconds(300), unshare: .milliseconds(3), bytes: 8192, extents: 2, policy: policy)
        }
        #expect(controller.limits(for: policy) == before)
        before = controller.limits(for: policy)
    }

    @Test func theOperatorsBoundHolds() {
        var policy = Policy()
        policy.maxChunk = .kibibytes(64)
        #expect(settle(Device(), policy).last.bytes == 64 << 10)
    }
}

struct LatencyHistogramTests {
    @Test func tellsPercentilesBucketsAndTheExactLongest() throws {
        var histogram = LatencyHistogram()
        #expect(histogram.statistics == PauseStatistics())
        for millisecond in 1...1000 { histogram.record(.milliseconds(millisecond), aim: .milliseconds(20)) }
        histogram.record(.microseconds(1_234_567), aim: .seconds(2))
        histogram.record(.seconds(11), aim: .seconds(11))
        let statistics = histogram.statistics
        #expect(statistics.count == 1002)
        #expect((495...506).contains(statistics.p50Ms))
        #expect((985...1005).contains(statistics.p99Ms))
        #expect(statistics.maxMs == 11000)
        #expect(statistics.p999Ms <= statistics.maxMs)
        #expect(statistics.over == 980)
        let buckets = try #require(statistics.buckets)
        #expect(buckets.map(\.count) == [1, 1, 3, 5, 10, 30, 50, 100, 300, 500, 1, 0, 0])
        #expect(statistics.count - buckets.map(\.count).reduce(0, +) == 1)
    }
}

struct RestTests {
    private func policy(duty: Double = 1, idle: Duration = .zero, rate: ByteCount? = nil) -> Policy {
        var policy = Policy()
        policy.duty = duty
        policy.idle = idle
        policy.rate = rate
        return policy
    }

    @Test func waitsInProportionAtLeastIdleAndForTheRate() {
        let worked = Duration.milliseconds(10)
        let mebibyte: Int64 = 1 << 20
        #expect(policy().idleTime(after: worked, bytes: mebibyte) == .zero)
        #expect(policy(duty: 0.5).idleTime(after: worked, bytes: mebibyte) == .milliseconds(10))
        #expect(policy(duty: 0.25).idleTime(after: worked, bytes: mebibyte) == .milliseconds(30))
        #expect(
            policy(duty: 0.5, idle: .milliseconds(40)).idleTime(after: worked, bytes: 0) == .milliseconds(40))
        let paced = policy(duty: 0.5, rate: .mebibytes(10)).idleTime(after: worked, bytes: mebibyte)
        #expect(abs(paced.inMilliseconds - 90) < 0.001)
        #expect(policy(rate: .mebibytes(10)).idleTime(after: .seconds(1), bytes: mebibyte) == .zero)
    }
}
