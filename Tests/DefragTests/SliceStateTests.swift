import DefragTypes
import Support
import Testing
import XFS

@testable import Defrag

/// What a slice hands on, so that the next one need not walk over the whole map.
struct SliceStateTests {
    let xfs: LoopXFS
    let path: String
    private static let size: Int64 = 32 << 20
    private let small = policy {
        $0.window = .mebibytes(2)
        $0.maxChunk = .kibibytes(512)
    }

    init() throws {
        xfs = try LoopXFS(mebibytes: 320)
        path = xfs.file("image")
        try Fragmenter.scatter(path, size: Self.size)
    }

    /// A run that is asked at every record, and stopped as soon as `isEnough`.
    private func run(
        from: Int64 = 0, known: SliceState? = nil, until isEnough: @escaping (DefragProgress) -> Bool
    ) throws -> (result: DefragResult, state: SliceState?, questions: Int) {
        let file = try openForDefrag(path: path)
        let pace = Pace(policy: small, pauses: PauseController(), timeLimit: nil, patience: .zero)
        var questions = 0
        let result: DefragResult
        let state: SliceState?
        do {
            var run = try Run(over: file, from: from, pace: pace, isDryRun: false) { progress in
                questions += 1
                return isEnough(progress) ? .stop(.interrupted) : .proceed(small)
            }
            result = run.result(path: path, known: known)
            state = run.handedOn
        }
        try awaitRelease(ofName: claimName(of: file))
        return (result, state, questions)
    }

    @Test func theFirstWalkCanBeStoppedAndThenNothingIsSaidOfTheFile() throws {
        let (result, state, questions) = try run { _ in true }
        #expect(questions == 1)
        #expect(result.status == .partial)
        #expect(result.reason == .interrupted)
        #expect(result.nextOffset == .zero)
        #expect(result.inode == 0)
        // Nothing is known, so the next one counts.
        let next = try run(known: state) { _ in false }
        #expect(next.result.extents.before > 4000)
    }

    @Test func aSliceWalksOverItsOwnPartOnly() throws {
        let first = try run { $0.rewritten >= .mebibytes(2) }
        let next = try #require(first.result.nextOffset).rawValue
        let counted = try extents(of: path)
        // It stops at the first question: with state that is about the next window and not about the file.
        let second = try run(from: next, known: first.state) { _ in true }
        #expect(second.result.inode != 0)
        #expect(second.result.extents.before == first.result.extents.after)
        #expect(abs(first.result.extents.after - counted) < 64)
        #expect(try run(from: next) { _ in true }.result.inode == 0)
    }

    @Test func slicesEndWithTheExtentsThatThereAre() throws {
        let before = try extents(of: path)
        var results: [DefragResult] = []
        var state: SliceState?
        var from: Int64? = 0
        while let start = from {
            let slice = try run(from: start, known: state) { $0.rewritten >= .mebibytes(5) }
            results.append(slice.result)
            state = slice.state
            from = slice.result.nextOffset?.rawValue
        }
        #expect(results.count > 4)
        #expect(results.first?.extents.before == before)
        #expect(results.last?.status == .done)
        #expect(results.last?.extents.after == (try extents(of: path)))
        for (one, next) in zip(results, results.dropFirst()) {
            #expect(next.extents.before == one.extents.after || next.status == .done)
        }
    }

    @Test func stateOfAnotherFileOrPolicySaysNothing() throws {
        let state = try #require(try run { $0.rewritten >= .mebibytes(2) }.state)
        let other = xfs.file("other")
        TestFile(other).fill(0..<4096)
        let work = try WorkFile(openForDefrag(path: path), needsPin: false)
        let isOfHere = state.isValid(for: work, policy: small)
        let isOfTheBudgetLeft = state.isValid(
            for: work, policy: policy { $0.unshareBudget = state.unshareBudgetLeft })
        let isOfAnotherBudget = state.isValid(
            for: work, policy: policy { $0.unshareBudget = state.unshareBudgetLeft + 4096 })
        let isOfAnotherTarget = state.isValid(
            for: work, policy: policy { $0.targetExtent = .mebibytes(1) })
        let isOfAnotherSharing = state.isValid(for: work, policy: policy { $0.sharing = .unshare })
        let isOfAnotherFile = state.isValid(
            for: try WorkFile(openForDefrag(path: other), needsPin: false), policy: small)
        #expect(isOfHere && isOfTheBudgetLeft)
        #expect(!isOfAnotherBudget && !isOfAnotherTarget && !isOfAnotherSharing && !isOfAnotherFile)
    }

    @Test func oneBudgetIsSpentByAllSlicesTogether() throws {
        TestFile(path + ".backup").become(copyOf: TestFile(path))
        var limited = policy {
            $0.window = .mebibytes(2)
            $0.unshareBudget = .mebibytes(8)
        }
        var state: SliceState?
        var from: ByteCount? = .zero
        var unshared = ByteCount.zero
        while let start = from {
            let file = try openForDefrag(path: path)
            let granted = limited
            var defragmenter = Defragmenter(policy: granted, state: state)
            let result = defragmenter.run(file, path: path, from: start) { progress in
                progress.rewritten >= .mebibytes(3) ? .stop(.interrupted) : .proceed(granted)
            }
            try awaitRelease(ofName: claimName(of: file))
            unshared = unshared + result.bytes.unshared
            (state, from) = (defragmenter.state, result.nextOffset)
            limited.unshareBudget = state?.unshareBudgetLeft
        }
        #expect(unshared > .mebibytes(4))
        #expect(unshared <= .mebibytes(8))
    }
}
