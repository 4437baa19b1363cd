import DefragTypes
import Glibc
import Support
import Synchronization
import Testing
import XFS

@testable import Defrag

/// A device that fails, and what must not follow from that.
@Suite("A sick device") struct SickDeviceTests {
    private static let mebibyte: Int64 = 1 << 20

    /// A file of 3 MiB in single blocks, the middle one of which is the last on the device, whose image then ends before it.
    private func makeUnreadable(_ path: String, on xfs: LoopXFS) throws {
        let filler = xfs.file("filler")
        TestFile(filler).fill(0..<220 * Self.mebibyte)
        TestFile(filler).synchronize()
        var last: Extent?
        do {
            let file = try openForSurvey(path: filler)
            var map = MapCursor()
            while let record = try map.next(of: file) {
                if record.physical > last?.physical ?? -1 { last = record }
            }
        }
        let bad = try #require(last)
        let half = 384
        let whole = Array(0..<half) + Array(2048..<2048 + half)
        do {
            let source = TestFile(filler)
            let image = TestFile(path)
            var random = Xorshift(seed: 1)
            var blocks = whole.map { Int64($0) * 4096 }.shuffled(using: &random)
            blocks.insert(bad.end - 4096, at: half)
            for (index, block) in blocks.enumerated() {
                image.clone(block..<block + 4096, of: source, to: Int64(index) * 4096)
            }
            image.synchronize()
        }
        try Tool.run("rm", filler)
        try xfs.refresh()
        try Tool.run("truncate", "-s", "\(bad.physical + bad.length - 4096)", xfs.image)
    }

    @Test("what it cannot read is skipped and told, and all else is done once")
    func unreadable() throws {
        let xfs = try LoopXFS(mebibytes: 320)
        let path = xfs.file("image")
        try makeUnreadable(path, on: xfs)
        let small = policy { $0.maxChunk = .kibibytes(256) }
        let first = try defragment(path, small)
        #expect(first.status == .failed)
        #expect(first.reason == .ioError)
        #expect(first.nextOffset == nil)
        #expect(first.otherNotes == [.ioError])
        #expect(first.message?.contains("restore") == true, "\(first)")
        #expect(first.extents.before > 700)
        #expect(first.extents.after < 200)
        #expect(first.extents.after == (try extents(of: path)))
        let second = try defragment(path, small)
        #expect(second.status == .failed)
        // The stretch around it may be rewritten, but not again and again.
        #expect(first.bytes.rewritten <= .mebibytes(5))
        #expect(second.bytes.rewritten <= .mebibytes(3))
        #expect(second.extents.after <= first.extents.after)
    }

    @Test("old blocks stay while the process lives, if the new ones may not be durable")
    func oldBlocksAreKept() throws {
        let xfs = try LoopXFS(mebibytes: 320)
        let path = xfs.file("image")
        let size = 8 * Self.mebibyte
        TestFile(path).fill(0..<size)
        TestFile(path).synchronize()
        let free = try xfs.freeBytes()
        for isSick in [false, true] {
            do {
                let file = try openForDefrag(path: path).reopened(.readWrite)
                let closer = try WindowCloser(of: file, blockSize: 4096) { scratch throws(SystemError) in
                    if isSick { throw SystemError(errno: EIO, operation: "fsync") }
                    try scratch.synchronize()
                }
                try closer.keep(0..<size, of: file)
                try file.unshare(0..<size)
                closer.close(dropping: [])
                var failure: SystemError?
                do throws(SystemError) { try closer.wait() } catch { failure = error }
                #expect(failure?.errno == (isSick ? EIO : nil))
            }
            let kept = free - (try xfs.freeBytes())
            #expect(isSick ? kept >= size : kept <= ownBooks)
        }
    }

    @Test(
        "an error of a flush in mid-window is not forgotten when the next one succeeds: the kernel tells it once"
    )
    func errorIsToldOnce() throws {
        let xfs = try LoopXFS(mebibytes: 320)
        let path = xfs.file("image")
        let size = 8 * Self.mebibyte
        TestFile(path).fill(0..<size)
        TestFile(path).synchronize()
        let free = try xfs.freeBytes()
        let flushes = Mutex(0)
        do {
            let file = try openForDefrag(path: path).reopened(.readWrite)
            let closer = try WindowCloser(of: file, blockSize: 4096) { scratch throws(SystemError) in
                let isFirst = flushes.withLock { count in
                    count += 1
                    return count == 1
                }
                if isFirst { throw SystemError(errno: EIO, operation: "fsync") }
                try scratch.synchronize()
            }
            try closer.keep(0..<size, of: file)
            try file.unshare(0..<size)
            #expect(throws: SystemError.self) { try closer.makeDurable() }
            closer.close(dropping: [])
            #expect(throws: SystemError.self) { try closer.wait() }
        }
        #expect(free - (try xfs.freeBytes()) >= size)
    }
}
