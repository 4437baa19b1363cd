import DefragTypes
import Glibc
import JSON
import Support
import Testing
import XFS

/// `reflow-worker defrag`, the real program on a real file system.
@Suite("reflow-worker defrag") struct WorkerDefragCLITests {
    /// The keys of an object and its result, if it is one.
    private struct Line: Decodable {
        struct Key: CodingKey {
            let stringValue: String
            let intValue: Int? = nil
            init(stringValue: String) { self.stringValue = stringValue }
            init?(intValue: Int) { nil }
        }
        let keys: [String]
        let type: String
        let result: DefragResult?

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Key.self)
            keys = container.allKeys.map(\.stringValue)
            type = try container.decode(String.self, forKey: Key(stringValue: "type"))
            result = type == "result" ? try DefragResult(from: decoder) : nil
        }
    }

    private func fragmented(_ disk: LoopXFS, _ name: String = "a.img", mebibytes: Int64 = 32) throws -> String
    {
        let path = disk.file(name)
        try Fragmenter.scatter(path, size: mebibytes << 20)
        return path
    }

    @Test("JSON is one object a line: progress, then the result with the documented keys")
    func json() async throws {
        let disk = try LoopXFS()
        let path = try fragmented(disk)
        let contents = try checksum(path)
        let before = try extents(of: path)
        let run = try await WorkerRun.of("defrag", "--output", "json", "--duty", "20%", path)
        #expect(run.end == .exited(0))
        #expect(run.errors == "")
        let lines = try run.objects(Line.self)
        #expect(lines.dropLast().allSatisfy { $0.type == "progress" })
        #expect(lines.count > 1, "a run of seconds makes progress")
        let last = try #require(lines.last)
        #expect(
            last.keys == [
                "type", "path", "inode", "size", "status", "reason", "message", "nextOffset", "extents",
                "bytes", "pause", "waits", "worst", "freeBytes", "seconds", "prediction", "notes",
            ])
        let result = try #require(last.result)
        #expect(result.path == path)
        #expect(result.status == .done)
        #expect(result.nextOffset == nil)
        #expect(result.extents.before == before)
        #expect(result.extents.after == (try extents(of: path)))
        #expect(result.extents.after < before / 20)
        #expect(result.pause.count > 0)
        #expect(try checksum(path) == contents)
    }

    @Test("text says what was done")
    func text() async throws {
        let disk = try LoopXFS()
        let path = try fragmented(disk, mebibytes: 8)
        let run = try await WorkerRun.of("defrag", "--duty=100%", path)
        #expect(run.end == .exited(0))
        #expect(run.output.hasPrefix("\(path): done\n  extents "))
        #expect(run.errors == "", "no bar where there is no terminal")
        TestFile(disk.file("whole.img")).fill(0..<1 << 20)
        let whole = try await WorkerRun.of("defrag", disk.file("whole.img"))
        #expect(whole.end == .exited(0))
        #expect(whole.output.split(separator: "\n").count == 1, "nothing to gain takes one line")
    }

    @Test(
        "a signal stops it after the chunk, and the command that it prints resumes",
        arguments: [SIGINT, SIGTERM])
    func interrupted(signal: Int32) async throws {
        let disk = try LoopXFS()
        let path = try fragmented(disk, mebibytes: 64)
        let contents = try checksum(path)
        let process = try Process(
            "reflow-worker", ["defrag", "--output", "json", "--duty", "5%", "--window", "1MiB", path])
        try await process.writesOutput()
        process.send(signal)
        #expect(await process.wait() == .exited(2))
        let result = try #require(
            try JSONDecoder().decode(
                Line.self, from: String(process.output.split(separator: "\n").last ?? "")
            ).result)
        #expect(result.status == .partial)
        #expect(result.reason == .interrupted)
        let offset = try #require(result.nextOffset).rawValue
        #expect(0 < offset && offset < 64 << 20)
        #expect(process.errors.contains("Stopping after this chunk"))
        let words = "--duty 5% --output json --from \(offset) \(path)"
        #expect(process.errors.contains("--from \(offset) \(path)\n"), "\(words)")
        #expect(try checksum(path) == contents)
        let rest = try await WorkerRun.of("defrag", "--from", "\(offset)", path)
        #expect(rest.end == .exited(0))
        #expect(try extents(of: path) < 1000, "of 16384")
        #expect(try checksum(path) == contents)
    }

    @Test("none of its threads may set or clear the immutable flag, not even root's")
    func immutability() async throws {
        let disk = try LoopXFS()
        let path = try fragmented(disk, mebibytes: 64)
        let process = try Process(
            "reflow-worker", ["defrag", "--output", "json", "--duty", "5%", "--window", "1MiB", path])
        try await process.writesOutput()
        let status = try Tool.run("sh", "-c", "cat /proc/\(process.pid)/task/*/status")
        process.send(SIGINT)
        #expect(await process.wait() == .exited(2))
        let sets = status.split(separator: "\n").filter { $0.hasPrefix("CapEff:") || $0.hasPrefix("CapPrm:") }
            .compactMap { UInt64($0.split(separator: "\t").last ?? "", radix: 16) }
        let immutable = UInt64(1) << 9  // CAP_LINUX_IMMUTABLE, capabilities(7)
        #expect(sets.count >= 4 && sets.allSatisfy { $0 & immutable == 0 }, "\(sets)")
    }

    @Test("a time limit holds for all files together; those that were not reached are named")
    func timeLimit() async throws {
        let disk = try LoopXFS()
        let first = try fragmented(disk, "first.img", mebibytes: 64)
        let second = try fragmented(disk, "second.img", mebibytes: 8)
        let run = try await WorkerRun.of(
            "defrag", "--time-limit", "500ms", "--duty", "5%", "--output", "json", first, second)
        #expect(run.end == .exited(2))
        let results = try run.objects(Line.self).compactMap(\.result)
        #expect(results.map(\.reason) == [.timeLimit, .timeLimit])
        #expect(results.last?.nextOffset == .zero)
        #expect(run.errors.contains(" \(second)\n"))
    }

    @Test("a dry run changes nothing")
    func dryRun() async throws {
        let disk = try LoopXFS()
        let path = try fragmented(disk, mebibytes: 8)
        let before = try extents(of: path)
        let run = try await WorkerRun.of("defrag", "--dry-run", path)
        #expect(run.end == .exited(0))
        #expect(run.output.contains("8MiB"))
        #expect(try extents(of: path) == before)
    }

    @Test("every refusal says why and what to do, and the next file is still processed")
    func refusals() async throws {
        let disk = try LoopXFS()
        let good = try fragmented(disk, "good.img", mebibytes: 8)
        for name in ["immutable", "append", "nodefrag"] { try Tool.run("cp", good, disk.file(name)) }
        try Tool.run("chattr", "+i", disk.file("immutable"))
        try Tool.run("chattr", "+a", disk.file("append"))
        try Tool.run("xfs_io", "-c", "chattr +f", disk.file("nodefrag"))
        defer { _ = try? Tool.run("chattr", "-i", "-a", disk.file("immutable"), disk.file("append")) }
        try Tool.run("ln", "-s", "good.img", disk.file("link"))
        try Tool.run("mkfifo", disk.file("fifo"))
        let names: [(String, Reason, String)] = [
            (disk.file("missing"), .notFound, "does not exist"), (disk.path, .notRegularFile, "directory"),
            (disk.file("link"), .notRegularFile, "symbolic link"),
            (disk.file("fifo"), .notRegularFile, "FIFO"),
            ("/dev/shm/../null", .notRegularFile, "device"), ("/proc/self/stat", .notXFS, "not on XFS"),
            (disk.file("immutable"), .immutable, "chattr -i"),
            (disk.file("append"), .appendOnly, "chattr -a"),
            (disk.file("nodefrag"), .noDefrag, "not to be defragmented"),
        ]
        for (path, reason, words) in names {
            let run = try await WorkerRun.of("defrag", "--output", "json", path)
            #expect(run.end == .exited(1), "\(path)")
            let result = try #require(try run.objects(Line.self).last?.result)
            #expect(result.reason == reason)
            #expect(run.errors.hasPrefix("reflow-worker: '\(path)'"), "\(run.errors)")
            #expect(run.errors.contains(words))
            #expect(result.message.map { run.errors.contains($0) } == true)
        }
        let both = try await WorkerRun.of("defrag", disk.file("missing"), good)
        #expect(both.end == .exited(1))
        #expect(both.output.hasPrefix("\(good): done"))
        try disk.remount(options: "ro")
        let readOnly = try await WorkerRun.of("defrag", good)
        #expect(readOnly.end == .exited(1))
        #expect(readOnly.errors.contains("read-only mount"))
        try disk.remount(options: "rw")
    }

    @Test func withoutReflink() async throws {
        let disk = try LoopXFS(options: ["-m", "reflink=0"])
        TestFile(disk.file("a.img")).fill(0..<1 << 20)
        let run = try await WorkerRun.of("defrag", disk.file("a.img"))
        #expect(run.end == .exited(1))
        #expect(run.errors.contains("without reflink"))
    }

    @Test("not permitted is an exit status of its own")
    func notPermitted() throws {
        let disk = try LoopXFS()
        let path = try fragmented(disk, mebibytes: 8)
        try Tool.run("chown", "65534", path)
        // Root without its capabilities: neither the folder of the programs nor that of the test need be open to all.
        let run = try WorkerRun.shell("setpriv --bounding-set=-all \"$worker\" defrag '\(path)' 2>&1")
        #expect(run.end == .exited(77))
        #expect(run.output.contains("'\(path)' may not be opened"))
        // Its own file now, but in a folder that only others may write to.
        try Tool.run("sh", "-c", "chown 0 '\(path)'; chown 65534 '\(disk.path)'")
        let folder = try WorkerRun.shell("setpriv --bounding-set=-all \"$worker\" defrag '\(path)' 2>&1")
        #expect(folder.end == .exited(77))
        #expect(folder.output.contains("the folder of '\(path)' may not be written to"))
    }

    @Test("a run that is done but has left something says why")
    func leftAlone() throws {
        let disk = try LoopXFS()
        let path = try fragmented(disk, mebibytes: 8)
        try Tool.run("cp", "--reflink=always", path, disk.file("backup"))
        let run = try WorkerRun.shell("\"$worker\" defrag --unshare-budget 0 '\(path)' 2>&1")
        #expect(run.end == .exited(0))
        #expect(run.output.contains("Raise --unshare-budget"))
    }

    @Test("a reader that goes away ends the run, in order")
    func readerGone() throws {
        let disk = try LoopXFS()
        let path = try fragmented(disk, mebibytes: 64)
        let run = try WorkerRun.shell(
            "exec 3> >(:); wait $!; \"$worker\" defrag --output json --duty 5% '\(path)' 2> /dev/null >&3")
        #expect(run.end == .exited(2))
    }

    @Test(
        "wrong usage",
        arguments: [
            ("defrag --max-paus 5ms a", "did you mean --max-pause?"), ("defrag --max-chunk 1XB a", "'1XB'"),
            ("defrag", "name the files"),
            ("defrag --sharing unshare --unshare-budget 1MiB a", "goes with --sharing preserve"),
            ("", "say what to do"), ("defrog a", "did you mean defrag?"),
        ])
    func usage(line: String, words: String) throws {
        let run = try WorkerRun.shell("\"$worker\" \(line) 2>&1")
        #expect(run.end == .exited(64))
        #expect(run.output.contains(words))
        #expect(run.output.contains("Try 'reflow-worker "))
    }

    @Test(arguments: ["--help", "help", "help defrag", "defrag --help", "survey -h", "help serve"])
    func help(line: String) throws {
        let run = try WorkerRun.shell("\"$worker\" \(line)")
        #expect(run.end == .exited(0))
        #expect(run.output.hasPrefix("Usage: reflow-worker "))
    }

    @Test func version() async throws {
        let run = try await WorkerRun.of("--version")
        #expect(run.output == "reflow-worker \(reflowVersion)\n")
    }
}
