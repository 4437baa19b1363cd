import DefragTypes
import Support
import Testing
import XFS

@testable import Defrag

/// Others use the file during a run, and notice nothing.
struct InterferenceTests {
    let xfs: LoopXFS
    let path: String
    private static let size: Int64 = 48 << 20
    private static let blocks = Int(size / 4096)

    init() throws {
        xfs = try LoopXFS()
        path = xfs.file("image")
        try Fragmenter.scatter(path, size: Self.size)
    }

    @Test(arguments: [false, true])
    func everyWriteIsThereAfterwards(withBackup: Bool) throws {
        let original = xfs.file("original")
        try Tool.run("cp", "--reflink=\(withBackup ? "always" : "never")", path, original)
        let contents = try checksum(original)
        let writers = Writers(size: Self.size, path: path)
        let result = try defragment(path, policy { $0.unshareBudget = .gibibytes(1) })
        let written = writers.stop()
        #expect(result.status == .done)
        #expect(result.extents.after < result.extents.before / 4)
        #expect(written.count > 300)
        expectBlocks(of: path, original: original, written: written)
        #expect(try checksum(original) == contents)
        try xfs.unmountAndCheck()
    }

    private func expectBlocks(of path: String, original: String, written: [Int: UInt8]) {
        let image = TestFile(path)
        let before = TestFile(original)
        for block in 0..<Self.blocks {
            let found = image.read(4096, at: Int64(block) * 4096)
            if let value = written[block] {
                #expect(found.allSatisfy { $0 == value }, "block \(block)")
            } else {
                #expect(found == before.read(4096, at: Int64(block) * 4096), "block \(block)")
            }
        }
    }

    @Test(arguments: [0, 1, 5000, 20 << 20, (20 << 20) + 1] as [Int64])
    func aFileShortenedInMidRun(size: Int64) throws {
        let expected = try Tool.run("sh", "-c", "head -c \(size) '\(path)' | sha256sum | head -c 64")
        let result = try defragment(path, policy { $0.maxChunk = .mebibytes(1) }) { number, _ in
            if number == 12 { TestFile(path).truncate(to: size) }
            return nil
        }
        #expect(result.status == .done)
        #expect(result.size == ByteCount(size))
        #expect(try checksum(path) == expected)
        #expect(try Layout(of: path).parts.allSatisfy { $0.range.upperBound < size + 4096 })
        try xfs.unmountAndCheck()
    }

    @Test func aFileThatGrowsDuringTheRun() throws {
        TestFile(path).truncate(to: Self.size - 1000)
        let result = try defragment(path) { number, _ in
            if number == 5 { TestFile(path).fill(Self.size..<Self.size + 10_000) }
            return nil
        }
        #expect(result.status == .done)
        #expect(result.size == ByteCount(Self.size + 10_000))
        #expect(TestFile(path).read(1000, at: Self.size - 1000) == [UInt8](repeating: 0, count: 1000))
        try xfs.unmountAndCheck()
    }

    @Test func holesPunchedDuringTheRunStayHoles() throws {
        let result = try defragment(path, policy { $0.maxChunk = .mebibytes(1) }) { number, progress in
            guard number % 5 == 0 else { return nil }
            let start = progress.offset.rawValue
            let file = TestFile(path)
            file.punch(start + 4096..<start + 65_536)
            return nil
        }
        #expect(result.status == .done)
        let layout = try Layout(of: path)
        #expect(layout.bytes(.unwritten) == 0)
        #expect(layout.parts.count >= 5)
        try xfs.unmountAndCheck()
    }

    @Test func aFileDeletedDuringTheRunIsGoneAfterwards() throws {
        let other = try LoopXFS(mebibytes: 320)
        let free = try other.freeBytes()
        let image = other.file("image")
        try Fragmenter.scatter(image, size: 20 << 20)
        let result = try defragment(image) { number, _ in
            if number == 3 { try Tool.run("rm", image) }
            return nil
        }
        #expect(result.status == .partial)
        #expect(result.reason == .notFound)
        // The kernel frees a deleted file's blocks in the background, and has by the unmount.
        try other.refresh()
        #expect(free - (try other.freeBytes()) < 1 << 20)
        try other.unmountAndCheck()
    }

    @Test func aSecondRunAtTheSameTimeIsRefused() throws {
        var second: DefragResult?
        try defragment(path) { _, progress in
            if second == nil, progress.rewritten > .zero { second = try defragment(path) }
            return nil
        }
        #expect(second?.status == .skipped)
        #expect(second?.reason == .busy)
        #expect(try defragment(path).reason != .busy)
    }
}
