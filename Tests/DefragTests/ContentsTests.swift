import DefragTypes
import Support
import Testing
import XFS

@testable import Defrag

/// What must be the same afterwards is, and the file is contiguous.
struct ContentsTests {
    let xfs: LoopXFS

    init() throws {
        xfs = try LoopXFS()
    }

    private static let mebibyte: Int64 = 1 << 20

    @Test(
        arguments: [
            0, 1, 4095, 4096, 4097, 8191, 8192, 8193, 3 * 4096 + 1, mebibyte - 1, mebibyte, mebibyte + 4097,
            48 * mebibyte + 123,
        ] as [Int64])
    func everySize(size: Int64) throws {
        let path = xfs.file("image")
        try Fragmenter.scatter(path, size: size)
        let (contents, layout) = (try checksum(path), try Layout(of: path))
        let free = try xfs.freeBytes()
        let result = try defragment(path)
        #expect(result.status == .done)
        #expect(result.nextOffset == nil)
        #expect(result.size == ByteCount(size))
        #expect(try checksum(path) == contents)
        #expect(try Layout(of: path) == layout)
        #expect(result.extents.after <= 4 + Int(size / (2 * Self.mebibyte)))
        let found = try survey(try openForSurvey(path: path), path: path)
        #expect(found.statistics.extents == result.extents.after)
        #expect(result.bytes.unshared == .zero)
        if size > 2 * 4096 { #expect(result.extents.before > 1) }
        if result.extents.before > 1 {
            #expect(result.reason == nil)
            #expect(result.bytes.rewritten > ByteCount(size / 2))
            #expect(result.pause.count >= 2)
        } else {
            #expect(result.reason == .alreadyContiguous)
            #expect(result.bytes.rewritten == .zero)
        }
        #expect(try xfs.freeBytes() >= free - ownBooks)
        try xfs.unmountAndCheck()
    }

    /// The main job: an image whose backups are gone, some time after its last write or at once, when it still has
    /// what its copy-on-write preallocated.
    @Test(arguments: [true, false])
    func anIdleImageEndsInLongExtents(isRested: Bool) throws {
        let path = xfs.file("image")
        let size = 128 * Self.mebibyte
        try Fragmenter.backUpAndWrite(path, size: size, rounds: 3, writes: 4000)
        try Tool.run("sh", "-c", "truncate -s 0 '\(path)'.backup* && rm '\(path)'.backup*")
        if isRested { try xfs.refresh() }
        let contents = try checksum(path)
        let free = try xfs.freeBytes()
        let result = try defragment(path)
        #expect(result.status == .done)
        #expect(result.extents.before > 8000)
        let most = isRested ? 1 + Int(size / (4 * Self.mebibyte)) : Int(size / Self.mebibyte)
        #expect(result.extents.after <= most)
        #expect(try checksum(path) == contents)
        #expect(try xfs.freeBytes() >= free - ownBooks)
        try xfs.unmountAndCheck()
    }

    @Test func aSparseFileStaysSparse() throws {
        let path = xfs.file("sparse")
        try Fragmenter.scatter(path, size: 64 * Self.mebibyte) { block in
            // Islands from one block to a hundred, and gaps of as many.
            block % 512 < 100 || block % 37 == 0
        }
        TestFile(path).truncate(to: 100 << 30)
        TestFile(path).fill(50 << 30..<(50 << 30) + 5000)
        try Tool.run("sync", path)
        let layout = try Layout(of: path)
        let allocated = try openForSurvey(path: path).status().allocated
        #expect(allocated < 32 * Self.mebibyte)
        let head = try Tool.run("sh", "-c", "head -c 64M '\(path)' | sha256sum")
        let result = try defragment(path)
        #expect(result.status == .done)
        #expect(result.size == .gibibytes(100))
        #expect(try Layout(of: path) == layout)
        try xfs.refresh()
        #expect(try openForSurvey(path: path).status().allocated <= allocated)
        #expect(try Tool.run("sh", "-c", "head -c 64M '\(path)' | sha256sum") == head)
        #expect(result.extents.before > 3000)
        // As many as there are islands: fewer it cannot be.
        #expect(result.extents.after <= layout.parts.count + 12)
        try xfs.unmountAndCheck()
    }

    @Test func preallocationIsKept() throws {
        let path = xfs.file("preallocated")
        let size = 32 * Self.mebibyte + 5000
        try Fragmenter.scatter(path, size: size) { $0 % 1000 < 500 }
        do {
            let file = TestFile(path)
            for block in stride(from: Int64(0), to: 8000, by: 1000) {
                file.preallocate((block + 600) * 4096..<(block + 700) * 4096)
            }
            file.preallocate(size..<size + 4 * Self.mebibyte)
            file.synchronize()
        }
        let (contents, layout) = (try checksum(path), try Layout(of: path))
        #expect(layout.bytes(.unwritten) > 4 * Self.mebibyte)
        let result = try defragment(path)
        #expect(result.status == .done)
        #expect(try Layout(of: path) == layout)
        #expect(try checksum(path) == contents)
        #expect(result.extents.after < 100)
        try xfs.unmountAndCheck()
    }

    @Test func aSecondRunFindsLittleToDo() throws {
        let path = xfs.file("image")
        try Fragmenter.scatter(path, size: 64 * Self.mebibyte)
        try defragment(path)
        let again = try defragment(path)
        #expect(again.bytes.rewritten <= .mebibytes(32))
    }

    @Test func aDryRunTouchesNothing() throws {
        let path = xfs.file("image")
        try Fragmenter.scatter(path, size: 4 * Self.mebibyte)
        let before = try survey(try openForSurvey(path: path), path: path)
        let result = try defragment(path, dryRun: true)
        #expect(result.status == .skipped)
        #expect(result.reason == .dryRun)
        #expect(result.message?.contains("4MiB") == true)
        #expect(result.bytes.rewritten == .zero)
        #expect(result.extents.after == result.extents.before)
        #expect(try survey(try openForSurvey(path: path), path: path) == before)
        #expect(result.pause.count == 0)
    }

    @Test func aSurveyReportsTheExtentsOfAFile() throws {
        let path = xfs.file("image")
        try Fragmenter.scatter(path, size: 4 * Self.mebibyte)
        try Tool.run("cp", "--reflink=always", path, xfs.file("backup"))
        TestFile(path).fill(0..<Self.mebibyte)
        try Tool.run("sync", path)
        let found = try survey(try openForSurvey(path: path), path: path)
        #expect(found.size == .mebibytes(4))
        #expect(found.statistics.mappedBytes == .mebibytes(4))
        #expect(found.statistics.sharedBytes == .mebibytes(3))
        #expect((600...780).contains(found.statistics.extents))
        #expect(found.fileSystem == (try FileSystem(at: xfs.path).geometry.uuid))
        #expect(found.statistics.histogram.reduce(0) { $0 + $1.extents } == found.statistics.extents)
        #expect(found.estimatedReflinkSeconds > 0)
    }

    @Test(arguments: [1024, 65536] as [Int64])
    func otherBlockSizes(blockSize: Int64) throws {
        // Blocks larger than a page need Linux 6.12.
        guard let other = try? LoopXFS(options: ["-b size=\(blockSize)"]) else {
            print("skipped: this kernel mounts no blocks of \(blockSize) bytes")
            return
        }
        let path = other.file("image")
        try Fragmenter.scatter(path, size: 20 * Self.mebibyte + 77, block: blockSize)
        let (contents, layout) = (try checksum(path), try Layout(of: path))
        let result = try defragment(path)
        #expect(result.status == .done)
        #expect(result.extents.after <= result.extents.before / 30)
        #expect(try checksum(path) == contents)
        #expect(try Layout(of: path) == layout)
        try other.unmountAndCheck()
    }
}
