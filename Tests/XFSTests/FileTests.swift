import Glibc
import Support
import Testing
import XFS

struct FileTests {
    let xfs: LoopXFS

    init() throws {
        xfs = try LoopXFS(mebibytes: 320)
    }

    @Test func reportsTheFileSystem() throws {
        let system = try FileSystem(at: xfs.path)
        let uuid = try Tool.run("blkid", "-p", "-s", "UUID", "-o", "value", xfs.image)
        #expect(system.geometry.uuid + "\n" == uuid)
        #expect(system.geometry.hasReflink)
        #expect(system.geometry.blockSize == 4096)
        #expect(system.space.size > 200 << 20)
        #expect(try Mount.all().contains { $0.path == xfs.path })
        #expect(throws: SystemError.self) { try FileSystem(at: "/proc") }
    }

    @Test func errorsSayWhatFailedInWords() {
        let error = #expect(throws: SystemError.self) { _ = try Location(path: xfs.file("absent")) }
        #expect(error?.errno == ENOENT)
        #expect(error?.description == "open: No such file or directory")
    }

    @Test func readsAMapOfManyBatches() throws {
        let path = xfs.file("scattered")
        try Fragmenter.scatter(path, size: 8 << 20)
        let file = try Location(path: path).open(.readOnly)
        var next: Int64 = 0
        var records = 0
        var map = MapCursor()
        while let record = try map.next(of: file), record.offset == next, record.state == .written {
            records += 1
            next = record.end
        }
        #expect(next == 8 << 20)
        #expect(records > 1500)
        let end = try map.next(of: file)
        #expect(end == nil)
    }

    @Test func beginsAgainWhereverAWalkWasGivenUp() throws {
        let path = xfs.file("scattered")
        try Fragmenter.scatter(path, size: 1 << 20)
        let file = try Location(path: path).open(.readOnly)
        var map = MapCursor(batch: 8)
        for _ in 0..<3 { _ = try map.next(of: file) }
        map.seek(to: 8192..<1 << 20, batch: 3)
        let first = try map.next(of: file)
        #expect(first?.offset == 8192)
        var end = first?.end
        while let record = try map.next(of: file) { end = record.end }
        #expect(end == 1 << 20)
    }

    @Test func staysWithinTheRangeItWasAskedFor() throws {
        let path = xfs.file("ranged")
        do {
            let file = TestFile(path)
            file.fill(0..<1 << 20)
            file.synchronize()
        }
        let file = try Location(path: path).open(.readOnly)
        var extents: [Extent] = []
        var map = MapCursor(8192..<20480)
        while let record = try map.next(of: file) { extents.append(record) }
        #expect(extents.map(\.offset) == [8192])
        #expect(extents.map(\.length) == [12288])
    }

    @Test func clonesAnUnalignedEndExactlyAndNothingElse() throws {
        let path = xfs.file("tail")
        TestFile(path).fill(0..<10_000)
        let file = try Location(path: path).open(.readWrite)
        var scratch = try Scratch(beside: file, blockSize: 4096)
        try scratch.keep(8192..<10_000, of: file)
        try file.unshare(8192..<10_000)
        #expect(try file.status().size == 10_000)
        // Beyond the end, and unaligned within the file, the kernel refuses.
        #expect(throws: SystemError(errno: EINVAL, operation: "clone", on: .scratch)) {
            try scratch.keep(8192..<12_288, of: file)
        }
        #expect(throws: SystemError(errno: EINVAL, operation: "clone", on: .scratch)) {
            try scratch.keep(0..<5000, of: file)
        }
        try scratch.release()
    }

    @Test func aShrunkFileIsNoFatalSignal() throws {
        let path = xfs.file("shrinking")
        let other = TestFile(path)
        other.fill(0..<1 << 20)
        let file = try Location(path: path).open(.readOnly)
        let mapping = try Mapping(0..<1 << 20, of: file)
        try mapping.finishReading(0..<1 << 20)
        other.truncate(to: 4096)
        let error = #expect(throws: SystemError.self) { try mapping.finishReading(0..<1 << 20) }
        #expect(error?.errno == EFAULT)
    }

    @Test(arguments: ["../outside", "link/x", "/etc/passwd", "a/../../outside"])
    func nothingLeadsOutOfARoot(path: String) throws {
        let root = xfs.file("root")
        try Tool.run("mkdir", "-p", root + "/a")
        try Tool.run("ln", "-sfn", "/tmp", root + "/link")
        try Tool.run("touch", xfs.file("outside"))
        let error = #expect(throws: SystemError.self) { _ = try Location(beneath: root, relative: path) }
        #expect([EXDEV, ELOOP].contains(error?.errno))
    }
}
