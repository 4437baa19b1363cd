import Testing

@testable import Worker
@testable import XFS

@Suite("Where the roots' file systems are looked for") struct RootFileSystemsTests {
    @Test(
        "at each root and at each mount beneath it",
        arguments: [
            (["/srv/vm"], ["/", "/srv", "/data"], ["/srv/vm on /srv"]),
            (["/srv/vm"], ["/", "/srv/vm"], ["/srv/vm on /srv/vm"]),
            (["/srv/vm"], ["/data", "/srv/vmx"], []),
            (
                ["/srv/vm"], ["/srv/vm/b", "/srv/vm/a", "/srv"],
                ["/srv/vm on /srv", "/srv/vm/a on /srv/vm/a", "/srv/vm/b on /srv/vm/b"]
            ),
            (["/"], ["/", "/a"], ["/ on /", "/a on /a"]),
            (["/a", "/b/c"], ["/a", "/b"], ["/a on /a", "/b/c on /b"]),
        ] as [([String], [String], [String])])
    func places(roots: [String], mounts: [String], found: [String]) {
        let places = Worker.places(
            ofRoots: roots, mounts: mounts.map { Mount(path: $0, device: "8:1") })
        #expect(places.map { "\($0.path) on \($0.mount.path)" } == found)
    }
}
