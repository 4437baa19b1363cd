import DefragTypes
import Support
import Testing
import XFS

@testable import Defrag

/// The slices of one job on one file: one hint, one budget, whatever becomes of each.
@Suite("A job in slices") struct JobTests {
    let xfs: LoopXFS
    let path: String
    private let limited = policy {
        $0.window = .mebibytes(2)
        $0.maxChunk = .kibibytes(512)
    }

    init() throws {
        xfs = try LoopXFS(mebibytes: 320)
        path = xfs.file("image")
        try Fragmenter.scatter(path, size: 32 << 20)
    }

    /// A slice that ends for `reason` once it has rewritten `bytes`.
    private func slice(
        _ job: String? = "j", from: ByteCount = .zero, _ state: SliceState? = nil, budget: ByteCount? = nil,
        bytes: ByteCount = .mebibytes(5), _ reason: Reason = .timeLimit
    ) throws -> (result: DefragResult, state: SliceState?) {
        let file = try openForDefrag(path: path)
        var policy = limited
        policy.unshareBudget = budget
        var defragmenter = Defragmenter(policy: policy, state: state, job: job)
        let result = defragmenter.run(file, path: path, from: from) { progress in
            progress.rewritten >= bytes ? .stop(reason) : .proceed(policy)
        }
        try awaitRelease(ofName: claimName(of: file))
        return (result, defragmenter.state)
    }

    private var hint: Int64 {
        get throws { try openForSurvey(path: path).attributes().cowExtentSizeHint }
    }

    private func share() { TestFile(path + ".backup").become(copyOf: TestFile(path)) }

    @Test("keeps the one-block hint from slice to slice, and gives the owner's back at the end of the file")
    func hintStays() throws {
        TestFile(path).setHints(extents: 0, copyOnWrite: 65536)
        var next = try slice()
        var slices = 1
        while let from = next.result.nextOffset {
            #expect(try hint == 4096)
            #expect(TestFile(path).attributeNames() == [CowHint.attribute])
            next = try slice(from: from, next.state)
            slices += 1
        }
        #expect(slices > 3)
        #expect(next.result.status == .done)
        #expect(try hint == 65536)
        #expect(TestFile(path).attributeNames() == [])
    }

    @Test("gives the hint back where it is paused or interrupted, and where a run is no slice of a job")
    func hintGoes() throws {
        for (job, reason) in [("j", .paused), ("j", .interrupted), (nil, .timeLimit)] as [(String?, Reason)] {
            #expect(try slice(job, bytes: .mebibytes(1), reason).result.nextOffset != nil)
            #expect(try hint == 0)
            #expect(TestFile(path).attributeNames() == [])
        }
    }

    @Test(
        "what it has unshared stays on record until it is answered, whatever has ended a slice",
        arguments: [
            Reason.timeLimit, .interrupted, .paused, .lowSpace, .noGain, .tooSlow,
        ])
    func recordStays(reason: Reason) throws {
        share()
        let first = try slice(budget: .mebibytes(8), bytes: .mebibytes(3), reason).result
        #expect(first.nextOffset != nil && first.bytes.unshared > .zero)
        let record = JobRecord.recorded(in: try openForSurvey(path: path), job: "j")
        #expect(record?.unshared == first.bytes.unshared.rawValue)
        // Delivered again, as if it had not been answered.
        let again = try slice(budget: .mebibytes(8), bytes: .mebibytes(30)).result
        #expect(first.bytes.unshared + again.bytes.unshared <= .mebibytes(8))
    }

    @Test("leaves nothing that a repair does not take back")
    func repaired() throws {
        share()
        let first = try slice(budget: .mebibytes(8))
        #expect(Set(TestFile(path).attributeNames()) == [CowHint.attribute, JobRecord.attribute])
        #expect(try repair(path, with: HintRepair(keepsJobRecord: true)) == .restored(0))
        #expect(TestFile(path).attributeNames() == [JobRecord.attribute])
        #expect(try repair(path, with: HintRepair(isDryRun: true)) == .untouched)
        #expect(TestFile(path).attributeNames() == [JobRecord.attribute])
        #expect(try repair(path) == .untouched)
        #expect(TestFile(path).attributeNames() == [])
        #expect(first.result.bytes.unshared > .zero)
    }

    @Test("writes a file's attributes only where the hint changes")
    func attributesAreWrittenOnce() throws {
        _ = try slice()
        let file = try openForDefrag(path: path)
        let before = try Tool.run("stat", "-c", "%z", path)
        try CowHint.replace(in: file, blockSize: 4096)
        try file.setCowExtentSizeHint(4096)
        #expect(try Tool.run("stat", "-c", "%z", path) == before)
        try file.setCowExtentSizeHint(8192)
        #expect(try Tool.run("stat", "-c", "%z", path) != before)
    }

    @Test("spends one budget, also where slices are delivered again, and again", arguments: [nil, 8])
    func redelivered(mebibytes: Int64?) throws {
        share()
        let budget = mebibytes.map(ByteCount.mebibytes)
        // Nobody has heard of the first three: the same task comes again.
        var lost = ByteCount.zero
        for _ in 0..<3 { lost += try slice(budget: budget, bytes: .mebibytes(2)).result.bytes.unshared }
        #expect(lost >= .mebibytes(2))
        var (unshared, from, state) = (lost, ByteCount?.some(.zero), SliceState?.none)
        var granted = budget
        while let start = from {
            let next = try slice(from: start, state, budget: granted, bytes: .mebibytes(3))
            unshared += next.result.bytes.unshared
            (from, state) = (next.result.nextOffset, next.state)
            granted = budget == nil ? nil : state?.unshareBudgetLeft
            #expect(state?.unshared == unshared)
        }
        if let budget { #expect(unshared <= budget && unshared > .mebibytes(6)) }
        #expect(TestFile(path).attributeNames() == [])
    }

    @Test("spends no other job's budget")
    func otherJob() throws {
        share()
        _ = try slice("one", budget: .mebibytes(8), bytes: .mebibytes(4))
        let other = try slice("two", budget: .mebibytes(8))
        #expect(other.state?.unshared == other.result.bytes.unshared)
        #expect(other.result.bytes.unshared > .zero)
    }

    // MARK: Pure

    private static let record = JobRecord(job: "j", unshared: 30, left: 70)

    private func state(unshared: Int64, left: Int64) -> SliceState {
        var state = SliceState()
        (state.unshared, state.unshareBudgetLeft) = (ByteCount(unshared), ByteCount(left))
        return state
    }

    /// What is granted; what the state says is spent and left; what the record does; whether it is the first; what results.
    private static let cases: [(Int64?, (Int64, Int64)?, (Int64, Int64)?, Bool, Budget)] = [
        (nil, nil, nil, true, Budget(left: 500, spent: 0)),
        (100, nil, nil, true, Budget(left: 100, spent: 0)),
        // The first slice comes again.
        (100, nil, (30, 70), true, Budget(left: 70, spent: 30)),
        (nil, nil, (30, 70), true, Budget(left: 70, spent: 30)),
        // Answered, and all is known.
        (70, (30, 70), (30, 70), false, Budget(left: 70, spent: 30)),
        (nil, (30, 70), (30, 70), false, Budget(left: 70, spent: 30)),
        (nil, (30, 70), nil, false, Budget(left: 70, spent: 30)),
        // The second one comes again.
        (70, (30, 70), (50, 50), false, Budget(left: 50, spent: 50)),
        (nil, (30, 70), (50, 50), false, Budget(left: 50, spent: 50)),
        // An operator has meanwhile granted 100 more, or nothing more.
        (170, (30, 70), (50, 50), false, Budget(left: 150, spent: 50)),
        (0, (30, 70), (50, 50), false, Budget(left: 0, spent: 50)),
        // A record that could not be written says less than the answer.
        (nil, (30, 70), (10, 90), false, Budget(left: 70, spent: 30)),
        // A record that its tenant has written makes nothing more of a budget.
        (nil, nil, (0, 9999), true, Budget(left: 500, spent: 0)),
        (nil, (30, 70), (30, 9999), false, Budget(left: 70, spent: 30)),
        (70, (30, 70), (0, 9999), false, Budget(left: 70, spent: 30)),
        // A coordinator of 1.1 has subtracted what was answered.
        (70, nil, (30, 70), false, Budget(left: 70, spent: 30)),
    ]

    @Test(arguments: 0..<cases.count)
    func budget(number: Int) {
        let (granted, known, recorded, isFirst, expected) = Self.cases[number]
        let budget = Budget(
            granted: granted, known: known.map { state(unshared: $0.0, left: $0.1) },
            record: recorded.map { JobRecord(job: "j", unshared: $0.0, left: $0.1) }, isFirst: isFirst,
            usual: 500)
        #expect(budget == expected)
    }

    @Test func recordsAreReadAsTheyAreWritten() {
        for job in ["j", "a b", " x", String(repeating: "ä", count: 128)] {
            let record = JobRecord(job: job, unshared: 5, left: 7)
            #expect(JobRecord(record.text) == record)
            #expect(record.text.utf8.count <= 255)
        }
        for forged in [
            "", "5", "5 7", "-1 7 j", "5 -7 j", "x 7 j", "5 9223372036854775807 j", "999999999999999 1 j",
        ] {
            #expect(JobRecord(forged) == nil, "\(forged)")
        }
    }
}

extension Budget {
    fileprivate init(left: Int64, spent: Int64) {
        self.init(
            granted: left, known: nil, record: JobRecord(job: "", unshared: spent, left: 0), isFirst: false,
            usual: 0)
    }
}
