import DefragTypes
import Support
import Testing
import XFS

@testable import Defrag

/// A survey of real files: obstacles, the cost of a copy, and that it leaves no trace.
struct SurveyTests {
    private static let mebibyte: Int64 = 1 << 20

    private func look(_ path: String) throws -> FileSurvey {
        try survey(try openForSurvey(path: path), path: path)
    }

    @Test(arguments: [
        ("chattr +i", Reason.immutable), ("chattr +a", .appendOnly), ("xfs_io -r -c 'chattr +f'", .noDefrag),
    ])
    func obstacles(command: String, reason: Reason) throws {
        let xfs = try LoopXFS(mebibytes: 320)
        let path = xfs.file("image")
        TestFile(path).fill(0..<Self.mebibyte)
        #expect(try look(path).obstacle == nil)
        try Tool.run("sh", "-c", "\(command) '\(path)'")
        let obstacle = try look(path).obstacle
        #expect(obstacle?.reason == reason)
        #expect(obstacle?.message.contains(path) == true)
    }

    @Test func obstaclesOfAWholeFileSystem() throws {
        let xfs = try LoopXFS(mebibytes: 320)
        let path = xfs.file("image")
        TestFile(path).fill(0..<Self.mebibyte)
        try xfs.remount(options: "ro")
        #expect(try look(path).obstacle?.reason == .readOnlyMount)
        let plain = try LoopXFS(mebibytes: 320, options: ["-m reflink=0"])
        TestFile(plain.file("image")).fill(0..<Self.mebibyte)
        let found = try look(plain.file("image"))
        #expect(found.obstacle?.reason == .noReflink)
        #expect(found.estimatedReflinkSeconds == 0)
    }

    @Test func aSwapFileIsKnownWithoutBeingOpenedForWriting() throws {
        let xfs = try LoopXFS(mebibytes: 320)
        let swap = xfs.file("swap file")
        TestFile(swap).fill(0..<4 * Self.mebibyte)
        try Tool.run("mkswap", swap)
        #expect(try look(swap).obstacle == nil)
        try Tool.run("swapon", swap)
        defer { _ = try? Tool.run("swapoff", swap) }
        #expect(try look(swap).obstacle?.reason == .swapFile)
    }

    @Test func anExtentSizeHintIsReported() throws {
        let xfs = try LoopXFS(mebibytes: 320)
        let path = xfs.file("image")
        try Tool.run("xfs_io", "-f", "-c", "extsize 1m", path)
        #expect(try look(path).extentSizeHint == .mebibytes(1))
        TestFile(xfs.file("other")).fill(0..<4096)
        #expect(try look(xfs.file("other")).extentSizeHint == nil)
    }

    @Test(
        "an image that is preallocated and written here and there: survey, dry run and run say why its copies are slow"
    )
    func preallocated() throws {
        let xfs = try LoopXFS(mebibytes: 320)
        let path = xfs.file("image")
        let blocks: Int64 = 1200
        let size = blocks * 4096
        do {
            let image = TestFile(path)
            image.truncate(to: size)
            image.preallocate(0..<size)
            for block in stride(from: 0, to: blocks, by: 2) { image.fill(block * 4096..<(block + 1) * 4096) }
            image.synchronize()
        }
        let found = try look(path)
        #expect(found.preallocationChanges == blocks - 1)
        #expect(found.statistics.extents <= 3)
        #expect(found.estimatedReflinkSeconds >= 600 * 20e-6)
        #expect(found.gainSeconds == 0)
        for dryRun in [true, false] {
            let result = try defragment(path, dryRun: dryRun)
            #expect(result.reason == .alreadyContiguous)
            #expect(result.notes?.map(\.reason) == [.preallocated])
            #expect(result.notes?.first?.message.contains("\(blocks - 1) changes") == true)
        }
    }

    @Test func givenUpWhenAsked() throws {
        let xfs = try LoopXFS(mebibytes: 400)
        let path = xfs.file("image")
        try Fragmenter.scatter(path, size: 20 * Self.mebibyte)
        let file = try openForSurvey(path: path)
        var asked = 0
        let found = try Surveyor().look(
            at: file, path: path,
            goOn: { extents, offset in
                asked += 1
                #expect((4000...4096).contains(extents))
                #expect(offset == .mebibytes(16))
                return false
            })
        #expect(found == nil)
        #expect(asked == 1)
    }

    /// Clones `source` into a new file and says how long that took.
    private func timeOfCopy(_ source: borrowing TestFile, size: Int64, to path: String) -> Double {
        let copy = TestFile(path)
        let clock = ContinuousClock()
        let start = clock.now
        copy.clone(0..<size, of: source, to: 0)
        let seconds = (clock.now - start).inSeconds
        copy.truncate(to: 0)
        return seconds
    }

    @Test func theCostOfACopyIsMeasured() throws {
        let xfs = try LoopXFS()
        let path = xfs.file("image")
        let size = 64 * Self.mebibyte
        try Fragmenter.scatter(path, size: size)
        let file = try openForSurvey(path: path)
        let found = try survey(file, path: path)
        #expect(!found.isCalibrated)
        let folder = try file.openFolder()
        // In turns, as the load of the machine varies; the best of each.
        let pairs = try (1...3).map { turn in
            let cost = measureReflinkCost(in: folder, fileSystem: found.fileSystem)
            try #require(cost.isMeasured, "\(cost.message ?? "")")
            let estimate = cost.seconds(extents: found.statistics.extents)
            return (estimate, timeOfCopy(TestFile(path), size: size, to: xfs.file("copy\(turn)")))
        }
        let ratio = try #require(pairs.map(\.0).min()) / #require(pairs.map(\.1).min())
        #expect((0.3...3).contains(ratio), "estimated/real \(ratio)")
    }

    @Test func measuringLeavesNothingBehind() throws {
        let xfs = try LoopXFS(mebibytes: 400)
        let path = xfs.file("image")
        TestFile(path).fill(0..<8 * Self.mebibyte)
        try Tool.run("sync", "-f", xfs.path)
        func state() throws -> String {
            // Flags (a copy of the file itself would show as its reflink flag), times, names.
            try Tool.run("xfs_io", "-r", "-c", "lsattr", path)
                + Tool.run("stat", "-c", "%b %y %z", path, xfs.path) + Tool.run("ls", "-a", xfs.path)
        }
        let (before, free) = (try state(), try xfs.freeBytes())
        do {
            let file = try openForSurvey(path: path)
            let found = try survey(file, path: path)
            let cost = measureReflinkCost(in: try file.openFolder(), fileSystem: found.fileSystem)
            #expect(cost.isMeasured)
        }
        let after = try state()
        #expect(after == before)
        let lost = free - (try xfs.freeBytes())
        #expect(lost <= ownBooks)
        try xfs.unmountAndCheck()
    }

    @Test func whereItCannotBeMeasuredTheReasonIsReported() throws {
        let xfs = try LoopXFS(mebibytes: 320)
        let path = xfs.file("image")
        TestFile(path).fill(0..<Self.mebibyte)
        let folder = try openForSurvey(path: path).openFolder()
        try Tool.run("fallocate", "-l", "\(try xfs.freeBytes() - 32 * Self.mebibyte)", xfs.file("full"))
        #expect(
            measureReflinkCost(in: folder, fileSystem: "u")
                == .usual(fileSystem: "u", because: "it has too little free space"))
        try Tool.run("rm", xfs.file("full"))
        try xfs.remount(options: "ro")
        #expect(
            measureReflinkCost(in: folder, fileSystem: "u")
                == .usual(fileSystem: "u", because: "it is mounted read-only"))
    }
}
