import DefragTypes
import Support
import Testing
import XFS

@testable import Defrag

struct SpaceTests {
    private static let size: Int64 = 64 << 20

    @Test func stopsAtTheFloorAndResumesWhenThereIsSpace() throws {
        let xfs = try LoopXFS(mebibytes: 320)
        let path = xfs.file("image")
        try Fragmenter.scatter(path, size: Self.size)
        let contents = try checksum(path)
        let result = try defragment(path, policy { $0.minFree = .percent(99) })
        #expect(result.status == .partial)
        #expect(result.reason == .lowSpace)
        #expect(result.nextOffset == .zero)
        #expect(result.bytes.rewritten == .zero)
        #expect(result.message?.contains("make room") == true)
        let floor = ByteCount(try FileSystem(at: xfs.path).space.available) - .mebibytes(40)
        let second = try defragment(path, policy { $0.minFree = .bytes(floor) })
        #expect(second.status == .done)
        #expect(second.freeBytes.lowest >= floor)
        #expect(try checksum(path) == contents)
    }

    @Test func aFileSystemThatFillsUpDuringAWindowStopsCleanly() throws {
        let xfs = try LoopXFS(mebibytes: 320)
        let path = xfs.file("image")
        try Fragmenter.scatter(path, size: Self.size)
        let contents = try checksum(path)
        let result = try defragment(path, policy { $0.maxChunk = .mebibytes(1) }) { number, _ in
            // All that is left, piece by piece: the last one fails.
            if number == 4 {
                try Tool.run(
                    "sh", "-c",
                    "for i in $(seq 300); do fallocate -l 1M '\(xfs.path)'/filler$i 2>/dev/null || break; done"
                )
            }
            return nil
        }
        #expect(result.status == .partial)
        #expect(result.reason == .lowSpace)
        #expect((result.nextOffset ?? .zero) < ByteCount(Self.size))
        #expect(try checksum(path) == contents)
        try Tool.run("sh", "-c", "rm '\(xfs.path)'/filler*")
        _ = try xfs.freeBytes()
        let rest = try defragment(path, from: result.nextOffset ?? .zero)
        #expect(rest.status == .done)
        #expect(try checksum(path) == contents)
        try xfs.unmountAndCheck()
    }

    @Test func stopsAtTheFloorAlsoInTheMidstOfAWindow() throws {
        let xfs = try LoopXFS(mebibytes: 320)
        let path = xfs.file("image")
        try Fragmenter.scatter(path, size: Self.size)
        let floor = ByteCount(try FileSystem(at: xfs.path).space.available) - .mebibytes(40)
        let limited = policy {
            $0.minFree = .bytes(floor)
            $0.maxChunk = .mebibytes(1)
        }
        var isFull = false
        let result = try defragment(path, limited) { _, progress in
            if progress.rewritten > .zero, !isFull {
                isFull = true
                try Tool.run("fallocate", "-l", "60M", xfs.file("filler"))
            }
            return nil
        }
        #expect(result.status == .partial)
        #expect(result.reason == .lowSpace)
        #expect(result.bytes.rewritten <= .mebibytes(2))
    }

    @Test func aHugeFloorIsAFloor() throws {
        let xfs = try LoopXFS(mebibytes: 320)
        let path = xfs.file("image")
        try Fragmenter.scatter(path, size: 1 << 20)
        let result = try defragment(path, policy { $0.minFree = .bytes(ByteCount(Int64.max)) })
        #expect(result.status == .partial)
        #expect(result.reason == .lowSpace)
    }

    private static let hasQuotas = (try? LoopXFS(mebibytes: 320, mountOptions: "uquota")) != nil

    @Test(.enabled(if: hasQuotas, "this kernel has no XFS quotas (CONFIG_XFS_QUOTA)"))
    func aQuotaStopsCleanly() throws {
        let xfs = try LoopXFS(mebibytes: 320, mountOptions: "uquota")
        let path = xfs.file("image")
        try Fragmenter.scatter(path, size: Self.size)
        try Tool.run("chown", "12345", path)
        try Tool.run("xfs_quota", "-x", "-c", "limit bhard=66m 12345", xfs.path)
        let contents = try checksum(path)
        let result = try defragment(path)
        #expect(result.status == .partial)
        #expect(result.reason == .quota)
        #expect(try checksum(path) == contents)
        try xfs.unmountAndCheck()
    }
}
