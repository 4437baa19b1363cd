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

    @Test func resumesFromItsCursorToTheSameEnd() throws {
        let contents = try checksum(path)
        let free = try xfs.freeBytes()
        var cursor = ByteCount.zero
        var slices = 0
        var isDone = false
        let small = policy { $0.maxChunk = .mebibytes(1) }
        var defragmenter = Defragmenter(policy: small)
        while !isDone {
            let file = try openForDefrag(path: path)
            // Not by the number of questions: a slow disk makes many while it is read, and a run would make no progress.
            let result = defragmenter.run(file, path: path, from: cursor) { progress in
                progress.rewritten >= .mebibytes(7) ? .stop(.interrupted) : .proceed(small)
            }
            try awaitRelease(ofName: claimName(of: file))
            slices += 1
            if let next = result.nextOffset {
                #expect(result.status == .partial)
                #expect(result.reason == .interrupted)
                try #require(next > cursor)
                cursor = next
            } else {
                #expect(result.status == .done)
                #expect(result.extents.after <= 2 + Int(Self.size / (2 << 20)))
                isDone = true
            }
            // Everything was released in between.
            #expect(try xfs.freeBytes() >= free - ownBooks)
        }
        #expect(slices > 3)
        #expect(try checksum(path) == contents)
        try xfs.unmountAndCheck()
    }

    @Test func stopsAfterTheChunkAndKeepsWhatWasDone() throws {
        let result = try defragment(path) { _, progress in progress.rewritten > .zero ? .paused : nil }
        #expect(result.status == .partial)
        #expect(result.reason == .paused)
        #expect(result.nextOffset == result.bytes.rewritten)
        #expect(result.extents.after < result.extents.before)
    }

    @Test func aWindowThatIsCutShortIsLeftForTheNextRun() throws {
        let small = policy {
            $0.window = .mebibytes(4)
            $0.maxChunk = .mebibytes(1)
        }
        let stop = ByteCount.mebibytes(8) + .kibibytes(512)
        let first = try defragment(path, small) { _, progress in progress.offset > stop ? .paused : nil }
        #expect(first.nextOffset == .mebibytes(8))
        // Its first window: every run must make progress.
        let second = try defragment(path, small, from: .mebibytes(8)) { _, progress in
            progress.rewritten > .zero ? .paused : nil
        }
        #expect(try #require(second.nextOffset) > .mebibytes(8))
    }

    @Test func windowsFitTheTimeThatIsLeft() {
        func window(rate: ByteCount?, limit: Duration?) -> Int64 {
            Pace(policy: policy { $0.rate = rate }, pauses: PauseController(), timeLimit: limit).window
        }
        #expect(window(rate: nil, limit: .seconds(5)) == 16 << 20)
        #expect(window(rate: .mebibytes(3), limit: nil) == 16 << 20)
        #expect(window(rate: .mebibytes(4), limit: .seconds(5)) == 4 << 20)
        #expect(window(rate: .kibibytes(4), limit: .seconds(5)) == 1 << 20)
        #expect(window(rate: .mebibytes(400), limit: .seconds(60)) == 16 << 20)
    }

    @Test func anIdleFileIsWrittenLittleMoreThanOnceInSlices() throws {
        let slow = policy {
            $0.rate = .mebibytes(32)
            $0.maxChunk = .kibibytes(640)
        }
        let slices = try defragmentInSlices(of: .milliseconds(500), path, slow)
        #expect(slices.count > 4)
        #expect(slices.map(\.bytes.rewritten.rawValue).reduce(0, +) <= Self.size * 3 / 2)
        #expect(try extents(of: path) <= 32)
    }

    /// Where a window has enough time by the rate, and where only the clock shows that it has not.
    @Test(arguments: [
        policy { $0.rate = .mebibytes(16) },
        policy {
            $0.idle = .milliseconds(20)
            $0.maxChunk = .kibibytes(256)
        },
    ])
    func slicesEndAsWellAsOneRun(slow: Policy) throws {
        // The first pass is allocated from what the guest's copy-on-write has preallocated, in pieces.
        let path = xfs.file("live")
        try Fragmenter.backUpAndWrite(path, size: 32 << 20, rounds: 3, writes: 2000, direct: true)
        for round in 1...3 { try Tool.run("rm", "\(path).backup\(round)") }
        let before = try extents(of: path)
        #expect(try defragmentInSlices(of: .milliseconds(500), path, slow).count > 2)
        #expect(try extents(of: path) <= before / 10)
    }

    /// Slices of `limit`, longer where the disk is so slow or busy that one achieves nothing.
    private func defragmentInSlices(
        of limit: Duration, _ path: String, _ policy: Policy
    ) throws -> [DefragResult] {
        var limit = limit
        var results: [DefragResult] = []
        var from: ByteCount? = .zero
        while let offset = from {
            let result = try defragment(path, policy, from: offset, timeLimit: limit)
            results.append(result)
            from = result.nextOffset
            guard let from else { break }
            try #require(from > offset)
            if from - offset < .mebibytes(1) { limit *= 2 }
        }
        return results
    }

    @Test func aTimeLimitStopsItAndStillMakesProgress() throws {
        let result = try defragment(path, timeLimit: .zero)
        #expect(result.status == .partial)
        #expect(result.reason == .timeLimit)
        #expect((result.nextOffset ?? .zero) > .zero)
    }

    @Test func aLongWaitIsCutShortByANewPolicy() throws {
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

    @Test func aLongWaitCanBeStopped() throws {
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
            offset: 0, size: 0, rewritten: 0, unshared: 0, chunk: 0, pause: .zero, wait: .zero, elapsed: .zero
        )
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

    @Test func whatWasLearntIsPassedOn() throws {
        let file = try openForDefrag(path: path)
        var first = Defragmenter(policy: policy())
        _ = first.run(file, path: path) { _ in .proceed(policy()) }
        #expect(first.pauses != PauseController())
        #expect(Defragmenter(policy: policy(), pauses: first.pauses).pauses == first.pauses)
    }
}
