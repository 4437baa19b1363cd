import Testing

@testable import Worker

@Suite("The roots") struct RootsTests {
    @Test(
        "a path beneath a root is split there",
        arguments: [
            ("/srv/vm/a.img", "/srv/vm", "a.img"), ("/srv/vm//x/a.img", "/srv/vm", "x/a.img"),
            ("/data/x", "/data", "x"), ("/srv/vm/..a/b..", "/srv/vm", "..a/b.."),
        ])
    func inside(path: String, root: String, relative: String) throws {
        let place = try Roots(folders: ["/srv/vm", "/data"]).place(path)
        #expect(place == (root, relative))
    }

    @Test(
        "any other is refused, with what to do",
        arguments: [
            "/srv/vm", "/srv/vm/", "/srv/vmx/a", "/etc/passwd", "srv/vm/a", "/srv/vm/../x", "/srv/vm/x/../y",
            "", "/",
        ])
    func outside(path: String) {
        let error = #expect(throws: Roots.Refused.self) {
            try Roots(folders: ["/srv/vm", "/data"]).place(path)
        }
        #expect(error?.message.contains(path) == true)
    }

    @Test("a relative pattern is looked for beneath each root, an absolute one beneath its own")
    func places() throws {
        let roots = Roots(folders: ["/srv/vm", "/data"])
        func places(_ pattern: String) throws -> [String] {
            try roots.places(pattern).map { "\($0.root) \($0.relative)" }
        }
        #expect(try places("**/*.img") == ["/srv/vm **/*.img", "/data **/*.img"])
        #expect(try places("/data/**") == ["/data **"])
        for pattern in ["", "a/../b", "..", "/etc/*"] {
            #expect(throws: Roots.Refused.self) { try roots.places(pattern) }
        }
    }

    @Test("the root of all is a root, too")
    func everything() throws {
        #expect(try Roots(folders: ["/"]).place("/a/b") == ("/", "a/b"))
    }
}
