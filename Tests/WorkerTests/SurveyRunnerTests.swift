import Contract
import DefragTypes
import Support
import Testing

@testable import Worker

@Suite("A survey for the fleet") struct SurveyRunnerTests {
    /// Files of 1, 64, 128 and 512 extents, in folders that patterns tell apart.
    private func disk() throws -> LoopXFS {
        let disk = try LoopXFS(mebibytes: 400)
        try Tool.run("mkdir", "-p", disk.file("a/b"))
        TestFile(disk.file("a/whole.img")).fill(0..<1 << 20)
        for (name, blocks) in [("a/64.img", 64), ("a/b/128.img", 128), ("512.img", 512)] as [(String, Int64)]
        {
            try Fragmenter.scatter(disk.file(name), size: blocks * 4096)
        }
        return disk
    }

    private func findings(_ disk: LoopXFS, _ task: SurveyTask, roots: [String]? = nil)
        -> SurveyRunner.Findings
    {
        SurveyRunner(
            roots: Roots(folders: roots ?? [disk.path]), standing: Standing(), costs: ReflinkCosts()
        ).run(task)
    }

    private func names(_ findings: SurveyRunner.Findings) -> [String] {
        findings.ranking.sorted.map { String($0.path.split(separator: "/").last ?? "") }
    }

    @Test("finds each file once, whatever the patterns and roots, and ranks them")
    func overlapping() throws {
        let disk = try disk()
        let patterns = ["**/64.img", "a/*.img", "**", "a/b/**", "512.img"].map { disk.file($0) }
        let task = SurveyTask(job: "j", patterns: patterns)
        for roots in [[disk.path], [disk.file("a"), disk.path], ["/"]] {
            let found = findings(disk, task, roots: roots)
            #expect(names(found) == ["512.img", "128.img", "64.img", "whole.img"])
            #expect(found.matched == 4)
            #expect(found.problems == [])
            #expect(found.summary.files == 4)
        }
    }

    @Test("finds what a relative pattern means beneath each root, each file once")
    func relative() throws {
        let disk = try disk()
        let task = SurveyTask(job: "j", patterns: ["*.img", "b/*.img", disk.file("a/*.img")])
        let found = findings(disk, task, roots: [disk.file("a"), disk.path])
        #expect(names(found) == ["512.img", "128.img", "64.img", "whole.img"])
        #expect(found.matched == 4)
        #expect(found.problems == [])
    }

    @Test("keeps no more than is asked for, and sums up all the same")
    func top() throws {
        let disk = try disk()
        let found = findings(
            disk, SurveyTask(job: "j", patterns: [disk.file("**")], minExtents: 2, top: 1))
        #expect(names(found) == ["512.img"])
        #expect(found.matched == 4)
        #expect(found.summary.files == 3)
        #expect(found.summary.extents > 650)
        #expect(found.summary.reflinkCosts.map(\.isMeasured) == [true])
        #expect(found.ranking.sorted.map(\.isCalibrated) == [true])
    }

    @Test("a pattern outside the roots is a problem, as long as fits into a message")
    func problems() throws {
        let disk = try disk()
        let long = "/elsewhere/" + String(repeating: "x", count: 5000)
        let found = findings(
            disk, SurveyTask(job: "j", patterns: Array(repeating: long, count: 60) + [disk.file("*")]))
        #expect(found.problems.count == 50)
        #expect(found.problems.dropLast().allSatisfy { $0.hasPrefix("/elsewhere/") && $0.utf8.count <= 2000 })
        #expect(found.problems.last == "and 11 more")
        #expect(names(found) == ["512.img"])
    }

    @Test("a frozen file system holds a survey up for seconds, not until it is thawed")
    func frozen() async throws {
        let disk = try disk()
        try Tool.run("xfs_freeze", "-f", disk.path)
        let found: SurveyRunner.Findings
        do {
            defer { _ = try? Tool.run("xfs_freeze", "-u", disk.path) }
            found = findings(disk, SurveyTask(job: "j", patterns: [disk.file("**")]))
        }
        #expect(names(found) == ["512.img", "128.img", "64.img", "whole.img"])
        #expect(found.summary.reflinkCosts.map(\.isMeasured) == [false])
        #expect(found.summary.reflinkCosts.first?.message?.contains("is it frozen") == true)
    }
}
