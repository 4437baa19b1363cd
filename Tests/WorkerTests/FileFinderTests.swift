import Support
import Testing
import XFS

@testable import Worker

@Suite("Finding files") struct FileFinderTests {
    let root: String

    init() throws {
        root = try RunFolder.subfolder("finder")
    }

    private func finds(_ pattern: String = "**", mounts: [Mount] = [], crossesMounts: Bool = true)
        -> [FileFinder.Find]
    {
        var found: [FileFinder.Find] = []
        FileFinder(root: root, crossesMounts: crossesMounts, mounts: mounts).files(
            matching: PathPattern(pattern), goOn: { true }, found: { found.append($0) })
        return found
    }

    @Test("names that only bytes tell apart")
    func names() throws {
        for name in ["\u{301}x", "caf\u{E9}", "cafe\u{301}", #"a\x2db"#, "a\nb", "\u{1B}[2J"] {
            TestFile("\(root)/\(name)").fill(0..<1)
            let found = finds(name == "a\nb" ? "a?b" : name)
            #expect(found.count == 1)
            guard case .file(let path)? = found.first else { continue }
            #expect(Array(path.utf8) == Array("\(root)/\(name)".utf8))
        }
        #expect(finds().count == 6)
    }

    @Test("a folder of any depth needs no descriptor for each level")
    func depth() throws {
        let levels = 1500
        try Tool.run("mkdir", "-p", "\(root)/" + Array(repeating: "d", count: levels).joined(separator: "/"))
        TestFile("\(root)/" + Array(repeating: "d", count: levels).joined(separator: "/") + "/f").fill(0..<1)
        var most = 0
        var found: [FileFinder.Find] = []
        func descriptors() -> Int {
            let listing = try? Listing(of: "/proc/self/fd")
            guard var listing else { return 0 }
            var count = 0
            while (try? listing.next()) != nil { count += 1 }
            return count
        }
        let before = descriptors()
        FileFinder(root: root, mounts: []).files(
            matching: PathPattern("**"),
            goOn: {
                most = max(most, descriptors())
                return true
            }, found: { found.append($0) })
        #expect(found.count == 1)
        // Other tests run beside.
        #expect(most < before + 200)
    }

    @Test("what is mounted and is not XFS is told, and never asked")
    func mounts() throws {
        try Tool.run("mkdir", "-p", "\(root)/nfs/inner", "\(root)/disk")
        TestFile("\(root)/nfs/inner/a").fill(0..<1)
        TestFile("\(root)/disk/b").fill(0..<1)
        let mounts = [
            Mount(path: "\(root)/nfs", device: "0:1", type: "nfs4"),
            Mount(path: "\(root)/disk", device: "0:2", type: "autofs"),
            Mount(path: "\(root)/disk", device: "8:1", type: "xfs"),
        ]
        let found = finds(mounts: mounts)
        #expect(found.contains(.file("\(root)/disk/b")))
        #expect(
            found.contains(.problem("\(root)/nfs: skipped, what is mounted there (nfs4) is not XFS")))
        #expect(found.count == 2)
        // Where the pattern does not lead, there is nothing to tell.
        #expect(finds("disk/*", mounts: mounts) == [.file("\(root)/disk/b")])
        #expect(finds(mounts: mounts, crossesMounts: false) == [])
    }

    @Test("what is mounted on the way to XFS is passed") func onTheWay() throws {
        try Tool.run("mkdir", "-p", "\(root)/srv/vm", "\(root)/srvs")
        TestFile("\(root)/srv/vm/a").fill(0..<1)
        TestFile("\(root)/srvs/b").fill(0..<1)
        let mounts = [
            Mount(path: "\(root)/srv", device: "0:1", type: "tmpfs"),
            Mount(path: "\(root)/srv/vm", device: "8:1"),
            Mount(path: "\(root)/srvs", device: "0:2", type: "tmpfs"),
        ]
        let found = finds(mounts: mounts)
        #expect(found.contains(.file("\(root)/srv/vm/a")))
        #expect(
            found.contains(.problem("\(root)/srvs: skipped, what is mounted there (tmpfs) is not XFS")))
        #expect(found.count == 2)
    }

    @Test("what cannot be read is told")
    func unreadable() throws {
        let name = String(repeating: "d", count: 200)
        // No path leads so deep.
        let script =
            "import os\nos.chdir('\(root)')\nfor i in range(25): os.mkdir('\(name)'); os.chdir('\(name)')"
        try Tool.run("python3", "-c", script)
        defer { _ = try? Tool.run("python3", "-c", "import shutil; shutil.rmtree('\(root)')") }
        let found = finds()
        #expect(found.count == 1)
        guard case .problem(let problem)? = found.first else { return }
        #expect(problem.hasSuffix("/\(name): File name too long"))
    }
}

@Suite("Files that were counted") struct SeenFilesTests {
    @Test("hard links, and a file system that is mounted twice, count once")
    func once() throws {
        let xfs = try LoopXFS(mebibytes: 320)
        try Tool.run("mkdir", xfs.file("a"), xfs.file("b"))
        TestFile(xfs.file("a/1")).fill(0..<1)
        TestFile(xfs.file("a/2")).fill(0..<1)
        try Tool.run("ln", xfs.file("a/1"), xfs.file("a/link"))
        func counted(_ names: [String], _ mounts: [Mount]) throws -> Int {
            var seen = SeenFiles(roots: [xfs.path], mounts: mounts)
            return try names.count { seen.isFirst(try Location(path: xfs.file($0)).status()) }
        }
        let mount = try #require(try Mount.all().first { $0.path == xfs.path })
        #expect(try counted(["a/1", "a/2", "a/link", "a/2"], [mount]) == 3)
        let again = Mount(path: xfs.file("b"), device: mount.device)
        #expect(try counted(["a/1", "a/2", "a/link", "a/2"], [mount, again]) == 2)
        // Mounted twice, but only once where it is searched.
        let elsewhere = Mount(path: "/elsewhere", device: mount.device)
        #expect(try counted(["a/2", "a/2"], [mount, elsewhere]) == 2)
    }
}
