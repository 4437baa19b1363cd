import DefragTypes
import Support
import Testing
import XFS

@testable import Defrag

/// What a run leaves behind in the file system and in memory: nothing.
@Suite("Traces of a run") struct TracesTests {
    let xfs: LoopXFS
    let path: String
    private static let size: Int64 = 16 << 20

    init() throws {
        xfs = try LoopXFS(mebibytes: 320)
        path = xfs.file("image")
        try Fragmenter.scatter(path, size: Self.size)
    }

    private func sharedBlocks() throws -> [Int64] {
        var found: [Int64] = []
        try openForSurvey(path: path).readMap { record in
            if record.shared > 0 { found.append(record.offset) }
            return true
        }
        return found
    }

    @Test("two blocks stay shared all the time, and none at the end")
    func pin() throws {
        var pinned: [Int] = []
        let result = try defragment(path, policy { $0.maxChunk = .kibibytes(512) }) { number, progress in
            if progress.rewritten > .zero { pinned.append(try sharedBlocks().count) }
            return nil
        }
        #expect(result.status == .done)
        #expect(result.bytes.unshared == .zero)
        #expect(pinned.count > 10)
        // Between a chunk and the next question the pin of its block is not renewed yet.
        #expect(pinned.allSatisfy { $0 >= 1 })
        #expect(try sharedBlocks() == [])
    }

    @Test("pages that the run read are dropped, those that were there stay")
    func pages() throws {
        TestFile(path).synchronize()
        TestFile(path).dropCache()
        let part = 1 << 20
        _ = TestFile(path).read(part, at: 0)
        // The kernel may still be reading what follows.
        #expect(try resident().prefix(part / 4096).allSatisfy { $0 })
        #expect(try resident().suffix(1024).allSatisfy { !$0 })
        let result = try defragment(path)
        #expect(result.status == .done)
        #expect(result.bytes.rewritten >= ByteCount(Self.size))
        #expect(try resident().prefix(part / 4096).allSatisfy { $0 })
        #expect(try resident().suffix(1024).allSatisfy { !$0 })
    }

    private func resident() throws -> [Bool] {
        try Mapping(0..<Self.size, of: openForDefrag(path: path)).residency()
    }
}

struct AbsentPartsTests {
    @Test(
        "pages that are not in memory, by ranges",
        arguments: [
            ([], []), ([true, true], []), ([false], [0..<10]),
            ([false, false, true, false], [0..<20, 30..<40]),
        ] as [([Bool], [Range<Int64>])])
    func parts(isResident: [Bool], expected: [Range<Int64>]) {
        #expect(MappedWindow.absentParts(isResident, from: 0, within: 0..<40, pageSize: 10) == expected)
    }

    @Test("before the range, pages are nobody's business; its last one counts as a whole")
    func ends() {
        let parts = MappedWindow.absentParts(
            [false, true, false, false], from: 100, within: 115..<132, pageSize: 10)
        #expect(parts == [120..<140])
    }
}
