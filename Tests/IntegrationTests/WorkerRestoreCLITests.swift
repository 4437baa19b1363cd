import Glibc
import Support
import Testing
import XFS

/// `reflow-worker restore`, the real program on a real file system.
@Suite("reflow-worker restore") struct WorkerRestoreCLITests {
    private func hint(_ path: String) throws -> Int64 {
        try Location(path: path).open(.readOnly).attributes().cowExtentSizeHint
    }

    @Test("restores what a killed run has left, once")
    func afterAKill() async throws {
        let disk = try LoopXFS()
        try Tool.run("mkdir", disk.file("vm"))
        let path = disk.file("vm/a.img")
        try Fragmenter.scatter(path, size: 64 << 20)
        TestFile(path).setHints(extents: 0, copyOnWrite: 65536)
        let run = try Process("reflow-worker", ["defrag", "--rate", "4MiB", "--output", "json", path])
        try await run.writesOutput()
        #expect(try hint(path) == 4096)
        let meanwhile = try await WorkerRun.of("restore", disk.path)
        #expect(meanwhile.end == .exited(0))
        #expect(meanwhile.output.contains("'\(path)': is being defragmented"))
        #expect(meanwhile.output.contains("1 files looked at, 0 restored, 1 being defragmented"))
        run.send(SIGKILL)
        _ = await run.wait()
        #expect(try hint(path) == 4096)

        let dry = try await WorkerRun.of("restore", "--dry-run", disk.path)
        #expect(dry.output.contains("would be 64KiB again"))
        #expect(try hint(path) == 4096)
        let json = try await WorkerRun.of("restore", "--output", "json", disk.path)
        #expect(json.output == #"{"path":"\#(path)","status":"restored","cowExtentSize":65536}"# + "\n")
        #expect(try hint(path) == 65536)
        #expect(TestFile(path).attributeNames() == [])
        let again = try await WorkerRun.of("restore", path)
        #expect(again.output == "1 files looked at, 0 restored\n")
    }

    @Test("says what is wrong with its arguments")
    func wrongInput() async throws {
        let absent = try await WorkerRun.of("restore", "/nonexistent/a.img")
        #expect(absent.end == .exited(1))
        #expect(absent.errors.contains("'/nonexistent/a.img' does not exist"))
        #expect(try await WorkerRun.of("restore").end == .exited(64))
    }

    @Test("a user who may not set the hint gets a note, and the file is defragmented all the same")
    func notPermitted() async throws {
        let disk = try LoopXFS()
        let path = disk.file("a.img")
        try Fragmenter.scatter(path, size: 8 << 20)
        try Tool.run("chown", "65534", path)
        let run = try WorkerRun.shell(
            "setpriv --bounding-set=-fowner $worker defrag --output json '\(path)'")
        #expect(run.end == .exited(0))
        #expect(run.output.contains(#"{"reason":"hintNotSet","message""#))
        #expect(run.output.contains(#""status":"done""#))
        #expect(TestFile(path).attributeNames() == [])
    }
}
