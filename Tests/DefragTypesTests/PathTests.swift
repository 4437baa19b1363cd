import DefragTypes
import Testing

@Suite("Paths are bytes") struct PathTests {
    @Test(
        "beneath a folder",
        arguments: [
            ("/srv/vm/a", "/srv/vm", "a"), ("/srv/vm//a/b", "/srv/vm/", "a/b"), ("/srv/vm", "/srv/vm", ""),
            ("/srv/vmx/a", "/srv/vm", nil), ("/a", "/", "a"), ("/", "/", ""), ("a", "/", nil),
            ("/a", "", nil),
            ("/srv/\u{301}x", "/srv", "\u{301}x"), ("/\u{301}x", "/", "\u{301}x"),
            // One name in two spellings: two folders.
            ("/e\u{301}/a", "/\u{E9}", nil), ("/\u{E9}/a", "/\u{E9}", "a"),
        ] as [(String, String, String?)])
    func beneath(path: String, folder: String, rest: String?) {
        let found = path.path(beneath: folder)
        #expect(found.map { Array($0.utf8) } == rest.map { Array($0.utf8) })
    }

    @Test("as keys, two spellings of a name are two, in the order of their bytes")
    func keys() {
        let (one, two) = (PathKey("/vm/\u{E9}.img"), PathKey("/vm/e\u{301}.img"))
        #expect(one.path == two.path, "as texts they are equal")
        #expect(one != two)
        #expect(two < one && !(one < two))
        #expect(Set([one, two, PathKey("/vm/\u{E9}.img")]).count == 2)
        #expect([one: 1, two: 2][two] == 2)
    }

    @Test("a slash separates, whatever follows it")
    func components() {
        #expect(
            "/a//\u{301}x/b".pathComponents.map { Array($0.utf8) }
                == ["a", "\u{301}x", "b"].map { Array($0.utf8) })
        #expect("/a/\u{301}x".lastPathComponent.utf8.count == 3)
        #expect("/\u{301}".isAbsolutePath)
    }
}
