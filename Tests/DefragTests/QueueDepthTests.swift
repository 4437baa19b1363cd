import DefragTypes
import Testing

@testable import Defrag

@Suite("How many reads are in flight") struct QueueDepthTests {
    /// A device that serves some reads at once, at a distance.
    private struct Device {
        var parallel: Int
        var service: Double
        var distance = 0.0
        /// One read in so many takes so long.
        var stall: (every: Int, seconds: Double)?

        func latency(of number: Int, inFlight depth: Int) -> Double {
            if let stall, number % stall.every == 0 { return stall.seconds }
            // The first reads meet an idle device.
            let waves = (min(depth, number + 1) + parallel - 1) / parallel
            return distance + Double(waves) * service
        }
    }

    /// The depths after each of `reads` reads of `device`, of which one in four is waited for and the others are under way.
    private func depths(
        _ device: Device, requests: Int? = 256, reads: Int = 2000, aim: Duration = .milliseconds(5)
    ) -> [Int] {
        var control = QueueDepth(requests: requests)
        var underWay: [(latency: Double, asked: Int)] = []
        return (0..<reads).map { number in
            underWay.append((device.latency(of: number, inFlight: control.depth), control.depth))
            while underWay.count > 4 {
                let (latency, asked) = underWay.removeFirst()
                control.learn(.seconds(latency), asked: asked, aim: aim)
            }
            return control.depth
        }
    }

    @Test("a device that serves many at once gets as many as are ours")
    func fast() {
        #expect(depths(Device(parallel: 32, service: 80e-6)).last == 64)
        #expect(depths(Device(parallel: 32, service: 80e-6)).firstIndex(of: 64) ?? .max < 50)
    }

    @Test("never more than a quarter of what the device takes", arguments: [1, 2, 31, 128, 1024])
    func bounded(requests: Int) {
        let most = depths(Device(parallel: 64, service: 50e-6), requests: requests).max()
        #expect(most == max(1, min(requests / 4, 64)))
    }

    @Test("a disk gets as many as it serves within the aim")
    func disk() {
        let settled = depths(Device(parallel: 1, service: 8e-3)).suffix(1000)
        #expect(settled.max() ?? 0 <= 2)
        let faster = depths(Device(parallel: 1, service: 1e-3)).suffix(1000)
        #expect((3...7).contains(faster.max() ?? 0), "\(faster)")
    }

    @Test("one that is far away is not taken for a slow one")
    func network() {
        #expect(depths(Device(parallel: 64, service: 0.2e-3, distance: 30e-3)).last == 64)
        let narrow = depths(Device(parallel: 4, service: 1e-3, distance: 30e-3)).suffix(1000)
        #expect((12...32).contains(narrow.max() ?? 0), "\(narrow)")
    }

    @Test("one that stalls now and then is used again after each stall")
    func stalling() {
        let settled = depths(Device(parallel: 32, service: 80e-6, stall: (100, 0.3))).suffix(1000)
        #expect(settled.reduce(0, +) / settled.count > 24)
        let sick = depths(Device(parallel: 32, service: 80e-6, stall: (3, 0.3))).suffix(1000)
        #expect(sick.reduce(0, +) / sick.count <= 2)
    }

    @Test("a late answer does not shrink it twice")
    func late() {
        var control = QueueDepth()
        for _ in 0..<10 { control.learn(.microseconds(100), asked: control.depth, aim: .milliseconds(5)) }
        #expect(control.depth == 16)
        for _ in 0..<10 { control.learn(.milliseconds(50), asked: 16, aim: .milliseconds(5)) }
        #expect(control.depth == 8)
        control.learn(.milliseconds(50), asked: 8, aim: .milliseconds(5))
        #expect(control.depth == 4)
    }
}
