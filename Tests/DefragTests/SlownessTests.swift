import DefragTypes
import Support
import Testing

@testable import Defrag

@Suite("A device that is too slow") struct SlownessTests {
    private let aim = Duration.milliseconds(20)

    @Test("each chunk doubles the rest, until it is time to end")
    func doubles() {
        var watch = SlownessWatch()
        var rests: [Duration] = []
        while watch.verdict(aim: aim) == nil {
            watch.learn(.milliseconds(500), isAtFloor: true, aim: aim)
            rests.append(watch.rest(aim: aim))
        }
        #expect(rests == [1, 2, 4, 8, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10].map { .seconds($0) })
        #expect(watch.verdict(aim: aim) == .milliseconds(500))
        // Another policy allows it.
        #expect(watch.verdict(aim: .milliseconds(500)) == nil)
        #expect(watch.rest(aim: .milliseconds(500)) == .zero)
    }

    @Test("a chunk that could be smaller does not count, and a fast one takes one back")
    func recovers() {
        var watch = SlownessWatch()
        for _ in 0..<100 { watch.learn(.seconds(1), isAtFloor: false, aim: aim) }
        #expect(watch.rest(aim: aim) == .zero)
        for _ in 0..<1000 {
            watch.learn(.milliseconds(30), isAtFloor: true, aim: aim)
            watch.learn(.milliseconds(10), isAtFloor: true, aim: aim)
        }
        #expect(watch.verdict(aim: aim) == nil)
        #expect(watch.rest(aim: aim) == .zero)
    }

    @Test("the run ends with a reason of its own, and a cursor, on a device where everything is too slow")
    func ends() throws {
        let xfs = try LoopXFS(mebibytes: 320)
        let path = xfs.file("image")
        try Fragmenter.scatter(path, size: 8 << 20)
        // No lock is as short as that.
        let result = try defragment(
            path,
            policy {
                $0.maxPause = .nanoseconds(1)
                $0.duty = 1
            })
        #expect(result.status == .partial)
        #expect(result.reason == .tooSlow)
        #expect(result.nextOffset != nil)
        #expect(result.pause.over == result.pause.count)
        #expect(result.message?.contains("max-pause") == true, "\(result)")
        let worst = try #require(result.worst)
        let longest = worst.filter { $0.phase != "read" }.map(\.ms).max() ?? 0
        #expect(abs(longest - result.pause.maxMs) < 0.001 || worst.allSatisfy { $0.phase == "read" })
        #expect(worst.map(\.ms) == worst.map(\.ms).sorted(by: >))
        #expect(worst.count <= DefragResult.mostWaits)
    }
}
