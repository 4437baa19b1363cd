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
        let many = try extents(of: disk.file("sub/many.img"))
        let all = try extents(of: disk.file("sub/.hidden/some.img")) + many + 1
        #expect(run.output.contains("3 files, 4MiB in \(all) extents."))
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
        #expect(large.output.contains("1 file, 2MiB in \(many) extents."))
        let ranked = try await WorkerRun.of("survey", "--output", "json", "--top", "2", disk.path)
        #expect(
            try ranked.objects(FileSurvey.self).map(\.path)
                == [disk.file("sub/many.img"), disk.file("sub/.hidden/some.img")])
        let fragmented = try await WorkerRun.of("survey", "--min-extents", "100", "--output=json", disk.path)
        #expect(try fragmented.objects(FileSurvey.self).count == 2)
    }

    @Test("JSON ends with a summary if asked: what a copy costs here, measured once, and the obstacles")
    func summary() async throws {
        struct Summary: Decodable {
            let type: String
        }
        let (disk, other) = try tree()
        defer {
            _ = try? Tool.run("umount", disk.file("mnt"))
            other.close()
        }
        try Tool.run("chattr", "+i", disk.file("sub/many.img"))
        defer { _ = try? Tool.run("chattr", "-i", disk.file("sub/many.img")) }
        let run = try await WorkerRun.of("survey", "--output=json", "--summary", disk.path)
        let lines = run.output.split(separator: "\n").map(String.init)
        #expect(try JSONDecoder().decode(Summary.self, from: lines[3]).type == "summary")
        let summary = try JSONDecoder().decode(SurveySummary.self, from: lines[3])
        #expect(summary.files == 3)
        #expect(summary.obstacles.map(\.reason) == [.immutable])
        #expect(summary.reflinkCosts.map(\.isMeasured) == [true])
        let files = try lines.prefix(3).map { try JSONDecoder().decode(FileSurvey.self, from: $0) }
        let many = try #require(files.first { $0.path.hasSuffix("many.img") })
        #expect(many.obstacle?.reason == .immutable)
        #expect(many.isCalibrated)
        #expect(summary.extents == files.reduce(0) { $0 + $1.statistics.extents })
        let cost = try #require(summary.reflinkCosts.first)
        let extents = many.statistics.extents
        #expect(abs(many.estimatedReflinkSeconds - cost.seconds(extents: extents)) < 1e-6)
        #expect(abs(many.gainSeconds - Double(extents - 1) * cost.secondsPerExtent) < 1e-6)

        let assumed = try await WorkerRun.of("survey", "--no-calibration", disk.path)
        #expect(!assumed.output.contains("Measured"))
        #expect(assumed.output.contains("Cannot be defragmented: 1 (immutable), "))
    }

    @Test("a map has the picture for people, and its figures for programs")
    func map() async throws {
        struct Mapped: Decodable {
            let extents: Int
            let map: FileMap
        }
        let disk = try LoopXFS()
        let path = disk.file("image")
        // A quarter fragmented, a quarter hole, then the same in one piece, half of it shared.
        try Fragmenter.scatter(path, size: 4 << 20, isData: { $0 < 256 })
        TestFile(path).fill(2 << 20..<4 << 20)
        try Tool.run("sync", path)
        TestFile(disk.file("backup")).clone(3 << 20..<4 << 20, of: TestFile(path), to: 0)

        let run = try await WorkerRun.of("survey", "--map", "--output", "json", path)
        let mapped = try #require(try run.objects(Mapped.self).first)
        #expect(mapped.map.cellSize == 4096)
        #expect(mapped.map.cells.count == 1024)
        #expect(mapped.map.cells.reduce(0) { $0 + $1.extents } == mapped.extents)
        let hole = mapped.map.cells[256..<512]
        #expect(hole.allSatisfy { $0.hole == 4096 && $0.extents == 0 })
        #expect(mapped.map.cells[..<256].allSatisfy { $0.written == 4096 && $0.averageExtent == 4096 })
        #expect(
            mapped.map.cells[768...].allSatisfy { $0.shared == 4096 && $0.averageExtent >= .mebibytes(1) })

        let text = try await WorkerRun.of("survey", "--map", path)
        #expect(text.end == .exited(0))
        let rows = text.output.split(separator: "\n").filter { $0.hasPrefix("  ") }.prefix(16).map {
            String($0.suffix(64))
        }
        // A character is a block, a row 64 of them.
        let expected = ["a", ".", "e", "E"].flatMap { letter in
            Array(repeating: String(repeating: letter, count: 64), count: 4)
        }
        #expect(rows == expected)

        let folder = try await WorkerRun.of("survey", "--map", disk.path)
        #expect(folder.end == .exited(1))
        #expect(folder.errors.contains("is a directory: name the files in it"))
    }

    @Test("what cannot be examined is reported, the others are still shown")
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
