import Support
import Testing

@testable import Worker

@Suite("A pattern of paths") struct PathPatternTests {
    @Test(
        "matches",
        arguments: [
            ("a.img", "a.img", true), ("a.img", "b.img", false), ("*.img", "a.img", true),
            ("*.img", "x/a.img", false),
            ("*/a.img", "x/a.img", true), ("*/a.img", "x/y/a.img", false), ("**/a.img", "a.img", true),
            ("**/a.img", "x/a.img", true), ("**/a.img", "x/y/a.img", true), ("**/a.img", "x/y/b.img", false),
            ("x/**/z/*.img", "x/z/1.img", true), ("x/**/z/*.img", "x/y/z/z/1.img", true),
            ("x/**/z/*.img", "y/z/1.img", false), ("x/**", "x/y/z", true), ("x/**", "y/x", false),
            ("**", "a", true),
            ("**/**", "a/b", true), ("disk[0-3].im?", "disk2.img", true),
            ("disk[0-3].im?", "disk7.img", false),
            (".hidden/*", ".hidden/a", true), ("*", ".hidden", true), ("a", "a/b", false),
            ("a/b", "a", false),
            ("ä*", "ähre", true), ("a//b", "a/b", true),
        ])
    func matches(pattern: String, path: String, isMatch: Bool) {
        #expect(PathPattern(pattern).matches(path) == isMatch)
    }

    @Test("finds files beneath the root, and never through a link")
    func find() throws {
        let folder = try RunFolder.subfolder("finder")
        try Tool.run("mkdir", "-p", "\(folder)/root/x/y", "\(folder)/outside")
        for file in ["root/a.img", "root/x/b.img", "root/x/y/c.img", "root/x/y/c.txt", "outside/d.img"] {
            try Tool.run("touch", "\(folder)/\(file)")
        }
        try Tool.run("ln", "-s", "../outside", "\(folder)/root/link")
        try Tool.run("ln", "-s", "../outside/d.img", "\(folder)/root/link.img")
        try Tool.run("mkfifo", "\(folder)/root/fifo.img")
        var found: [FileFinder.Find] = []
        FileFinder(root: "\(folder)/root").files(
            matching: PathPattern("**/*.img"), goOn: { true }, found: { found.append($0) })
        let expected = ["a.img", "x/b.img", "x/y/c.img"].map { FileFinder.Find.file("\(folder)/root/\($0)") }
        #expect(found.count == 3 && expected.allSatisfy(found.contains))
    }

    @Test("a root that does not exist is reported")
    func missingRoot() {
        var found: [FileFinder.Find] = []
        FileFinder(root: "/nowhere/at/all").files(
            matching: PathPattern("**"), goOn: { true }, found: { found.append($0) })
        #expect(found == [.problem("/nowhere/at/all: No such file or directory")])
    }
}
