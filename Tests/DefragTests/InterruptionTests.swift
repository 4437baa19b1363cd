import DefragTypes
import Support
import Testing
import XFS

@testable import Defrag

struct InterruptionTests {
    let xfs: LoopXFS
    let path: String
    private static let size: Int64 = 64 << 20

    init() throws {
        xfs = try LoopXFS()
        path = xfs.file("image")
        try Fragmenter.scatter(path, size: Self.size)
    }

    @Test func goesOnFromItsCursorToTheSameEnd() throws {
        let contents = try checksum(path)
        let free = try xfs.freeBytes()
        var cursor = ByteCount.zero
        var slices = 0
        var isDone = false
        let small = policy { $0.maxChunk = .mebibytes(1) }
        var defragmenter = Defragmenter(policy: small)
        while !isDone {
            var questions = 0
            let file = try openForDefrag(path: path)
            let result = defragmenter.run(file, path: path, from: cursor) { _ in
                questions += 1
                return questions > 7 ? .stop(.interrupted) : .proceed(small)
            }
            slices += 1
            if let next = result.nextOffset {
                #expect(result.status == .partial)
                #expect(result.reason == .interrupted)
                #expect(next > cursor)
                cursor = next
            } else {
                #expect(result.status == .done)
                #expect(result.extents.after <= 2 + Int(Self.size / (2 << 20)))
                isDone = true
            }
            // Everything was given back in between.
            #expect(try xfs.freeBytes() >= free - ownBooks)
        }
        #expect(slices > 3)
        #expect(try checksum(path) == contents)
        try xfs.unmountAndCheck()
    }

    @Test func stopsAfterTheChunkAndKeepsWhatWasDone() throws {
        let result = try defragment(path) { number, _ in number == 3 ? .paused : nil }
        #expect(result.status == .partial)
        #expect(result.reason == .paused)
        #expect(result.nextOffset == result.bytes.rewritten)
        #expect(result.extents.after < result.extents.before)
    }

    @Test func aTimeLimitStopsItAndStillMovesOn() throws {
        let result = try defragment(path, timeLimit: .zero)
        #expect(result.status == .partial)
        #expect(result.reason == .timeLimit)
        #expect((result.nextOffset ?? .zero) > .zero)
    }

    @Test func aLongRestIsCutShortByANewPolicy() throws {
        let file = try openForDefrag(path: path)
        var defragmenter = Defragmenter(policy: policy { $0.idle = .seconds(60) })
        var questions = 0
        let result = defragmenter.run(file, path: path) { _ in
            questions += 1
            return .proceed(questions < 4 ? policy { $0.idle = .seconds(60) } : policy())
        }
        #expect(result.status == .done)
        #expect(result.seconds < 30)
    }

    @Test func aLongRestCanBeStopped() throws {
        let result = try defragment(path, policy { $0.idle = .seconds(60) }) { number, _ in
            number == 3 ? .interrupted : nil
        }
        #expect(result.reason == .interrupted)
        #expect(result.seconds < 10)
    }

    @Test func dutyAndRateAreKept() throws {
        let slow = try defragment(path, policy { $0.rate = .mebibytes(64) })
        #expect(slow.seconds >= 0.8)
        #expect(slow.status == .done)
    }

    @Test func progressTellsWhereItIs() throws {
        var last = DefragProgress(
            offset: 0, size: 0, rewritten: 0, unshared: 0, chunk: 0, pause: .zero, elapsed: .zero)
        try defragment(path) { _, progress in
            #expect(progress.offset >= last.offset)
            #expect(progress.rewritten >= last.rewritten)
            #expect(progress.elapsed >= last.elapsed)
            #expect(progress.size == ByteCount(Self.size))
            last = progress
            return nil
        }
        #expect(last.offset > ByteCount(Self.size / 2))
        #expect(last.chunk > .zero)
        #expect(last.pause > .zero)
    }

    @Test func whatWasLearntIsHandedOn() throws {
        let file = try openForDefrag(path: path)
        var first = Defragmenter(policy: policy())
        _ = first.run(file, path: path) { _ in .proceed(policy()) }
        #expect(first.pauses != PauseController())
        #expect(Defragmenter(policy: policy(), pauses: first.pauses).pauses == first.pauses)
    }
}
