import DefragTypes
import Support
import Testing
import XFS

@testable import Defrag

/// Breaking the sharing with backups costs space.
struct SharingTests {
    let xfs: LoopXFS
    let path: String
    private static let size: Int64 = 48 << 20

    init() throws {
        xfs = try LoopXFS()
        path = xfs.file("image")
    }

    private func shared() throws -> ByteCount {
        try survey(try openForSurvey(path: path), path: path).statistics.sharedBytes
    }

    @Test func longSharedExtentsAreLeftAlone() throws {
        TestFile(path).fill(0..<Self.size)
        try Tool.run("sync", path)
        try Tool.run("cp", "--reflink=always", path, xfs.file("backup"))
        let result = try defragment(path)
        #expect(result.reason == .alreadyContiguous)
        #expect(try shared() == ByteCount(Self.size))
    }

    @Test func smallSharedExtentsAreRewrittenWithinTheBudget() throws {
        try Fragmenter.backUpAndWrite(path, size: Self.size, rounds: 2, writes: 2000)
        let contents = try checksum(path)
        let backup = try checksum(path + ".backup2")
        try xfs.refresh()
        let (free, sharedBefore) = (try xfs.freeBytes(), try shared())
        let budget = ByteCount.mebibytes(8)
        let result = try defragment(path, policy { $0.unshareBudget = budget })
        #expect(result.status == .done)
        #expect(result.reason == .unshareBudget)
        #expect(result.bytes.unshared <= budget)
        #expect(result.bytes.unshared > .mebibytes(4))
        #expect(result.extents.after < result.extents.before)
        #expect(try shared() == sharedBefore - result.bytes.unshared)
        try xfs.refresh()
        // The space it cost is what it reports, except for the file system's metadata.
        let cost = free - (try xfs.freeBytes())
        #expect(abs(cost - result.bytes.unshared.rawValue) < 2 << 20)
        #expect(try checksum(path) == contents)
        #expect(try checksum(path + ".backup2") == backup)
        try xfs.unmountAndCheck()
    }

    @Test func theBudgetGoesWhereItSavesMost() throws {
        // The first half in extents of 64 KiB, the second in extents of 4 KiB, all of it shared.
        let half = Self.size / 2
        try Fragmenter.scatter(path, size: half, block: 65536)
        try Fragmenter.scatter(xfs.file("fine"), size: half, seed: 2)
        TestFile(path).clone(0..<half, of: TestFile(xfs.file("fine")), to: half)
        TestFile(path).synchronize()
        try Tool.run("cp", "--reflink=always", path, xfs.file("backup"))
        let contents = try checksum(path)
        let result = try defragment(path, policy { $0.unshareBudget = ByteCount(half) })
        #expect(result.reason == .unshareBudget)
        #expect(result.bytes.unshared <= ByteCount(half))
        // In file order it would have ended with all of the fine half's extents.
        #expect(result.extents.before - result.extents.after > Int(half / 4096) * 9 / 10)
        #expect(try checksum(path) == contents)
        #expect(try checksum(xfs.file("backup")) == contents)
    }

    @Test func aDryRunPredictsTheCost() throws {
        try Fragmenter.backUpAndWrite(path, size: Self.size, rounds: 2, writes: 2000)
        try xfs.refresh()
        for budget in [.mebibytes(8), .gibibytes(1)] as [ByteCount] {
            let free = try xfs.freeBytes()
            let dry = try defragment(path, policy { $0.unshareBudget = budget }, dryRun: true)
            #expect(dry.status == .skipped)
            #expect(dry.reason == .dryRun)
            #expect(dry.bytes.rewritten == .zero)
            #expect(try xfs.freeBytes() == free)
            let prediction = try #require(dry.prediction)
            let real = try defragment(path, policy { $0.unshareBudget = budget })
            #expect(prediction.unshared == real.bytes.unshared)
            #expect(prediction.rewritten <= real.bytes.rewritten)
            #expect(abs(prediction.extents - real.extents.after) < 64)
        }
    }

    @Test func unshareTakesEverything() throws {
        try Fragmenter.backUpAndWrite(path, size: Self.size, rounds: 1, writes: 1000)
        let contents = try checksum(path)
        let backup = try checksum(path + ".backup1")
        let result = try defragment(
            path,
            policy {
                $0.sharing = .unshare
                $0.unshareBudget = .zero
            })
        #expect(result.status == .done)
        #expect(result.reason == nil)
        #expect(try shared() == .zero)
        #expect(result.extents.after <= 24)
        #expect(try checksum(path) == contents)
        #expect(try checksum(path + ".backup1") == backup)
        try xfs.unmountAndCheck()
    }

    @Test func aBackupMadeDuringTheRunCostsNoSpace() throws {
        try Fragmenter.scatter(path, size: Self.size)
        let contents = try checksum(path)
        let result = try defragment(
            path,
            policy {
                $0.unshareBudget = .mebibytes(1)
                $0.maxChunk = .kibibytes(512)
            }
        ) { number, _ in
            if number == 10 { try Tool.run("cp", "--reflink=always", path, xfs.file("backup")) }
            return nil
        }
        #expect(result.status == .done)
        #expect(result.reason == .unshareBudget)
        #expect(result.bytes.unshared <= .mebibytes(1))
        #expect(try checksum(path) == contents)
        #expect(try checksum(xfs.file("backup")) == contents)
        try xfs.unmountAndCheck()
    }

    @Test func anUnalignedLastBlockIsUnsharedToo() throws {
        try Fragmenter.scatter(path, size: (1 << 20) + 100)
        try Tool.run("cp", "--reflink=always", path, xfs.file("backup"))
        try defragment(path, policy { $0.sharing = .unshare })
        #expect(try shared() == .zero)
    }
}
