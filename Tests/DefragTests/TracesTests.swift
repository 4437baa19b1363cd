import DefragTypes
import Glibc
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
        let file = try openForSurvey(path: path)
        var map = MapCursor()
        while let record = try map.next(of: file) {
            if record.shared > 0 { found.append(record.offset) }
        }
        return found
    }

    @Test("two blocks stay shared all the time, and none at the end")
    func pin() throws {
        var pinned: [Int] = []
        let result = try defragment(path, policy { $0.maxChunk = .kibibytes(512) }) { number, progress in
            // At the end of the file the extents are counted, when the pin is gone.
            if progress.rewritten > .zero, progress.offset < progress.size {
                pinned.append(try sharedBlocks().count)
            }
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
        let part = 1 << 20
        let bystander = xfs.file("bystander")
        try Fragmenter.scatter(bystander, size: Int64(part))
        for attempt in 1...3 {
            let path = xfs.file("image\(attempt)")
            try Fragmenter.scatter(path, size: Self.size)
            TestFile(path).synchronize()
            TestFile(path).dropCache()
            for file in [path, bystander] { _ = TestFile(file).read(part, at: 0) }
            let before = try absentPages(of: path)
            let result = try defragment(path)
            let after = try absentPages(of: path)
            // Another process may have made the kernel drop everything meanwhile.
            guard try absentPages(of: bystander).isEmpty || attempt == 3 else { continue }
            #expect(result.status == .done)
            #expect(result.bytes.rewritten >= ByteCount(Self.size))
            for absent in [before, after] {
                #expect(absent.filter { $0 < part / 4096 } == [])
                // The kernel may have read some of what follows in advance.
                #expect(absent.suffix(1024).first == Int(Self.size) / 4096 - 1024)
            }
            return
        }
    }

    @Test(
        "programs that watch the file see no change where there is nothing to rewrite",
        arguments: [false, true])
    func watchers(isDryRun: Bool) throws {
        let whole = xfs.file("whole")
        TestFile(whole).fill(0..<Self.size)
        TestFile(whole).synchronize()
        let path = isDryRun ? path : whole
        let watch = inotify_init1(Int32(IN_NONBLOCK))
        defer { close(watch) }
        let changes = UInt32(IN_MODIFY | IN_ATTRIB | IN_CLOSE_WRITE)
        #expect(inotify_add_watch(watch, path, changes) >= 0)
        let result = try defragment(path, dryRun: isDryRun)
        #expect(result.reason == (isDryRun ? .dryRun : .alreadyContiguous))
        var events = [UInt8](repeating: 0, count: 4096)
        #expect(read(watch, &events, events.count) == -1 && errno == EAGAIN)
        // The watch does see a run that rewrites.
        try defragment(self.path)
        if isDryRun { #expect(read(watch, &events, events.count) > 0) }
    }

    /// Numbers of the pages of the file at `path` that are not in memory.
    private func absentPages(of path: String) throws -> [Int] {
        let file = try openForDefrag(path: path)
        return try Mapping(0..<file.status().size, of: file).residency().enumerated()
            .compactMap { $1 ? nil : $0 }
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

    @Test("pages before the range are ignored; its last one counts as a whole")
    func ends() {
        let parts = MappedWindow.absentParts(
            [false, true, false, false], from: 100, within: 115..<132, pageSize: 10)
        #expect(parts == [120..<140])
    }
}
