import DefragTypes
import Testing

@testable import Defrag

@Suite("The pace of a run") struct PaceTests {
    @Test(
        "a window is no larger than the policy's, whatever the rate and the time",
        arguments: [
            (Int64.max, 60, 16 << 20), (1 << 62, 1e11, 16 << 20), (1_000_000_000_000_000_000, 60, 16 << 20),
            (1 << 20, 60, 12 << 20), (1 << 16, 1, 1 << 20),
        ] as [(Int64, Double, Int64)])
    func windows(rate: Int64, seconds: Double, window: Int64) {
        let pace = Pace(
            policy: policy { $0.rate = ByteCount(rate) }, pauses: PauseController(),
            timeLimit: .seconds(seconds))
        #expect(pace.window == window)
        #expect(pace.policy.idleTime(after: .seconds(1), bytes: .max) >= .zero)
    }
}
