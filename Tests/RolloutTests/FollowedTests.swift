import DefragTypes
import Testing

@testable import Rollout

@Suite("The slices of a file, taken together") struct FollowedTests {
    private func slice(
        _ status: DefragResult.Status, _ reason: Reason?, extents: ClosedRange<Int>, pause: Double
    ) -> DefragResult {
        var result = DefragResult(path: "/a", status: status, reason: reason)
        result.inode = 7
        result.extents = .init(before: extents.upperBound, after: extents.lowerBound)
        result.bytes = .init(rewritten: 4096, unshared: 1024)
        result.pause = .init(
            count: 3, p50Ms: pause / 2, p99Ms: pause, p999Ms: pause, maxMs: pause,
            buckets: [.init(upTo: 0.005, count: 2), .init(upTo: 0.01, count: 1)], over: 1)
        result.freeBytes = .init(before: 1000, lowest: ByteCount(Int64(900 - pause)), after: 950)
        result.seconds = 2
        return result
    }

    @Test("sums, worst cases, the first beginning and the last end")
    func both() {
        let both = slice(.partial, .timeLimit, extents: 50...100, pause: 9)
            .followed(by: slice(.done, nil, extents: 4...50, pause: 5))
        #expect(both.status == .done)
        #expect(both.reason == nil)
        #expect(both.extents == .init(before: 100, after: 4))
        #expect(both.bytes.rewritten == 8192)
        #expect(both.bytes.unshared == 2048)
        #expect(both.pause.count == 6)
        #expect(both.pause.maxMs == 9)
        #expect(both.pause.buckets == [.init(upTo: 0.005, count: 4), .init(upTo: 0.01, count: 2)])
        #expect(both.pause.over == 2)
        #expect(both.freeBytes.lowest == 891)
        #expect(both.seconds == 4)
    }

    @Test("what the device took, and the longest waits of both")
    func waits() {
        var first = slice(.partial, .timeLimit, extents: 50...100, pause: 9)
        var second = slice(.done, nil, extents: 4...50, pause: 5)
        second.waits = PauseStatistics(count: 2, maxMs: 3)
        #expect(first.followed(by: second).waits == second.waits)
        first.waits = PauseStatistics(count: 3, maxMs: 7)
        #expect(first.followed(by: second).waits?.count == 5)
        #expect(first.followed(by: second).waits?.maxMs == 7)
        #expect(first.followed(by: second).worst == nil)
        func waits(_ ms: [Double]) -> [DefragResult.Wait] {
            ms.map { .init(time: Timestamp(unixSeconds: 0), phase: "clone", offset: 0, ms: $0) }
        }
        (first.worst, second.worst) = (waits([9, 5, 4, 3, 2, 1]), waits([8, 6, 0.5]))
        #expect(first.followed(by: second).worst == waits([9, 8, 6, 5, 4, 3, 2, 1]))
    }

    @Test(
        "the buckets of a worker that has none make those of the file unknown, a slice that locked nothing does not"
    )
    func buckets() {
        var old = slice(.partial, .timeLimit, extents: 50...100, pause: 9)
        let new = slice(.done, nil, extents: 4...50, pause: 5)
        (old.pause.buckets, old.pause.over) = (nil, nil)
        for both in [old.followed(by: new), new.followed(by: old)] {
            #expect(both.pause.count == 6)
            #expect(both.pause.buckets == nil)
            #expect(both.pause.over == nil)
        }
        var idle = slice(.partial, .timeLimit, extents: 50...100, pause: 0)
        idle.pause = PauseStatistics()
        #expect(idle.followed(by: new).pause == new.pause)
        #expect(new.followed(by: idle).pause == new.pause)
    }

    @Test("contiguous by the first slice's work, not already")
    func contiguous() {
        let both = slice(.partial, .timeLimit, extents: 1...100, pause: 1)
            .followed(by: slice(.done, .alreadyContiguous, extents: 1...1, pause: 0))
        #expect(both.reason == nil)
    }

    @Test("a slice that never opened the file says nothing of its extents")
    func unopened() {
        var paused = DefragResult(path: "/a", status: .partial, reason: .paused)
        paused.nextOffset = 0
        let worked = slice(.partial, .timeLimit, extents: 50...100, pause: 1)
        #expect(paused.followed(by: worked) == worked)
        let both = worked.followed(by: paused)
        #expect(both.reason == .paused)
        #expect(both.extents == .init(before: 100, after: 50))
        #expect(both.freeBytes.lowest == 899)
        let all = both.followed(by: slice(.done, nil, extents: 4...50, pause: 5))
        #expect(all.extents == .init(before: 100, after: 4))
    }

    @Test("stays bounded, however many slices there are and whatever their notes are called")
    func bounded() {
        var all = slice(.partial, .timeLimit, extents: 1...100, pause: 1)
        for number in 0..<200 {
            var next = slice(.partial, .timeLimit, extents: 1...100, pause: 1)
            next.notes = (0..<20).map { .init(Reason(rawValue: "code\(number)-\($0 / 2)"), "text") }
            next.bytes = .init(rewritten: .mostCounted, unshared: .mostCounted)
            next.seconds = 1e9
            next.pause.count = 1 << 53
            next.pause.over = 1 << 53
            next.pause.buckets = [.init(upTo: 1, count: 1 << 53)]
            all = number == 0 ? next : all.followed(by: next)
        }
        #expect(all.notes?.count == 16)
        #expect(Set(all.notes?.map(\.reason) ?? []).count == 16)
        #expect(all.notes?.first?.reason == Reason(rawValue: "code0-0"))
        #expect(all.bytes == .init(rewritten: .mostCounted, unshared: .mostCounted))
        #expect(all.seconds == 1e9)
        #expect(all.pause.count == 1 << 53)
        #expect(all.pause.over == 1 << 53)
        #expect(all.pause.buckets == [.init(upTo: 1, count: 1 << 53)])
    }

    @Test("also where no slice before it opened the file")
    func boundedAlone() {
        var last = slice(.done, nil, extents: 1...100, pause: 1)
        last.notes = (0..<2000).map { .init(Reason(rawValue: "code\($0)"), "text") }
        let both = DefragResult(path: "/a", status: .partial, reason: .paused).followed(by: last)
        #expect(both.notes?.count == 16)
    }
}
