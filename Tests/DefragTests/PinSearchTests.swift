import Support
import Testing
import XFS

@testable import Defrag

@Suite("The search for a block to pin") struct PinSearchTests {
    let xfs: LoopXFS
    let path: String
    private static let blocks: Int64 = 400
    private static let size = blocks * 4096

    /// A file of preallocated blocks, a record of the map each.
    init() throws {
        xfs = try LoopXFS(mebibytes: 320)
        path = xfs.file("image")
        let image = TestFile(path)
        let other = TestFile(path + ".other")
        image.truncate(to: Self.size)
        for block in 0..<Self.blocks {
            image.preallocate(block * 4096..<(block + 1) * 4096)
            other.preallocate(block * 4096..<(block + 1) * 4096)
        }
        image.synchronize()
    }

    private func write(_ block: Int64) {
        TestFile(path).fill(block * 4096..<(block + 1) * 4096)
        TestFile(path).synchronize()
    }

    /// The offsets, in blocks, that `search` finds at each of so many attempts.
    private func find(_ attempts: Int, _ search: inout PinSearch) throws -> [Int64?] {
        let file = try openForSurvey(path: path)
        return try (0..<attempts).map { _ in
            try search.next(in: 0..<Self.size, of: file, blockSize: 4096).map { $0.offset / 4096 }
        }
    }

    @Test("looks everywhere first, and goes on where it has found one")
    func first() throws {
        var search = PinSearch()
        write(390)
        #expect(try find(2, &search) == [390, 390])
        write(10)
        #expect(try find(1, &search) == [390])
        TestFile(path).punch(390 * 4096..<391 * 4096)
        #expect(try find(2, &search) == [10, 10])
    }

    @Test("looks at no more than a batch a time once there was nothing, and sees what is written meanwhile")
    func later() throws {
        var search = PinSearch()
        let records = Self.blocks
        #expect(try extents(of: path) == Int(records), "each block is a record")
        #expect(try find(1, &search) == [nil])
        write(3 * Int64(PinSearch.batch) + 1)
        #expect(try find(4, &search) == [nil, nil, nil, 3 * Int64(PinSearch.batch) + 1])
        // Behind it, too: the search begins anew at the end.
        TestFile(path).punch(0..<Self.size)
        for block in 0..<records {
            TestFile(path).preallocate(block * 4096..<(block + 1) * 4096)
            TestFile(path + ".other").preallocate((records + block) * 4096..<(records + block + 1) * 4096)
        }
        #expect(try find(2, &search) == [nil, nil])
        write(1)
        let found = try find(Int(records) / PinSearch.batch + 2, &search)
        #expect(found.first == .some(nil) && found.contains(1), "\(found)")
    }
}
