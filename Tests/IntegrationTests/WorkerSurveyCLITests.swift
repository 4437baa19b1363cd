import DefragTypes
import JSON
import Support
import Testing

/// `reflow-worker survey`, the real program on a real file system.
@Suite("reflow-worker survey") struct WorkerSurveyCLITests {
    /// Files of 1, 256 and 512 extents, one of them in a hidden folder; a link, a FIFO, and another file system.
    private func tree() throws -> (disk: LoopXFS, other: LoopXFS) {
        let disk = try LoopXFS()
        let other = try LoopXFS(mebibytes: 300)
        try Tool.run("mkdir", "-p", disk.file("sub/.hidden"), disk.file("mnt"))
        TestFile(disk.file("whole.img")).fill(0..<1 << 20)
        try Fragmenter.scatter(disk.file("sub/.hidden/some.img"), size: 1 << 20)
        try Fragmenter.scatter(disk.file("sub/many.img"), size: 2 << 20)
        try Tool.run("ln", "-s", "many.img", disk.file("sub/link.img"))
        try Tool.run("ln", "-s", "sub", disk.file("folder"))
        try Tool.run("mkfifo", disk.file("fifo.img"))
        TestFile(other.file("foreign.img")).fill(0..<1 << 20)
        try Tool.run("mount", "--bind", other.path, disk.file("mnt"))
        return (disk, other)
    }

    @Test("folders are searched, on their own file system, and no link is followed")
    func folder() async throws {
        let (disk, other) = try tree()
        defer {
            _ = try? Tool.run("umount", disk.file("mnt"))
            other.close()
        }
        let run = try await WorkerRun.of("survey", "--output", "json", disk.path)
        #expect(run.end == .exited(0))
        #expect(run.errors == "")
        let found = try run.objects(FileSurvey.self)
        #expect(
            found.map(\.path).sorted()
                == [disk.file("sub/.hidden/some.img"), disk.file("sub/many.img"), disk.file("whole.img")])
        let many = try #require(found.first { $0.path.hasSuffix("many.img") })
        #expect(many.statistics.extents == (try extents(of: many.path)))
        #expect(many.statistics.mappedBytes == .mebibytes(2))
        #expect(many.size == .mebibytes(2))
        #expect(run.output.contains("\"averageExtent\":\(many.statistics.averageExtent.rawValue)"))
    }

    @Test("text lists the most fragmented first; small ones can be left out")
    func text() async throws {
        let (disk, other) = try tree()
        defer {
            _ = try? Tool.run("umount", disk.file("mnt"))
            other.close()
        }
        let run = try await WorkerRun.of("survey", "--histogram", disk.path + "/")
        let files = run.output.split(separator: "\n").dropFirst().prefix(3).map {
            $0.split(separator: " ").last
        }
        #expect(
            files == [
                disk.file("sub/many.img")[...], disk.file("sub/.hidden/some.img")[...],
                disk.file("whole.img")[...],
            ])
        #expect(run.output.contains("  up to 4KiB "))
        let large = try await WorkerRun.of("survey", "--min-size", "1537KiB", disk.path)
        #expect(large.output.split(separator: "\n").count == 2)
        let fragmented = try await WorkerRun.of("survey", "--min-extents", "100", "--output=json", disk.path)
        #expect(try fragmented.objects(FileSurvey.self).count == 2)
    }

    @Test("what cannot be looked at is reported, the rest is still shown")
    func trouble() async throws {
        let disk = try LoopXFS()
        TestFile(disk.file("a.img")).fill(0..<4096)
        try Tool.run("bash", "-c", "touch '\(disk.path)'/$'\\xff.img'")
        let run = try await WorkerRun.of("survey", disk.file("missing"), "/proc/self/stat", disk.path)
        #expect(run.end == .exited(1))
        #expect(run.output.contains(disk.file("a.img")))
        #expect(run.errors.contains("'\(disk.file("missing"))' does not exist"))
        #expect(run.errors.contains("'/proc/self/stat' is not on XFS"))
        #expect(run.errors.contains("not UTF-8"))
    }

    @Test func aFolderThatMayNotBeRead() throws {
        let disk = try LoopXFS()
        try Tool.run("mkdir", disk.file("closed"))
        TestFile(disk.file("a.img")).fill(0..<4096)
        try Tool.run("chown", "65534", disk.file("closed"))
        try Tool.run("chmod", "700", disk.file("closed"))
        let run = try WorkerRun.shell("setpriv --bounding-set=-all \"$worker\" survey '\(disk.path)' 2>&1")
        #expect(run.end == .exited(1))
        #expect(run.output.contains("closed: Permission denied"))
        #expect(run.output.contains(disk.file("a.img")))
    }
}
