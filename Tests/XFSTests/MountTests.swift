import Testing

@testable import XFS

struct MountTests {
    @Test func findsMountsOfEveryKind() {
        let text = """
            22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/root rw
            30 22 8:16 / /srv/vm\\040images ro,relatime - xfs /dev/sdb rw,attr2
            31 22 8:16 / /srv/vm rw,relatime shared:5 master:2 - xfs /dev/sdb rw,attr2
            32 22 8:32 / /backup rw - xfs /dev/sdc ro,attr2
            malformed
            """
        let mounts = Mount.parse(text)
        #expect(mounts.map(\.path) == ["/", "/srv/vm images", "/srv/vm", "/backup"])
        #expect(mounts.map(\.device) == ["8:1", "8:16", "8:16", "8:32"])
        #expect(mounts.map(\.type) == ["ext4", "xfs", "xfs", "xfs"])
    }

    @Test func unescapesPaths() {
        let mounts = Mount.parse("30 22 8:16 / /srv/a\\040b\\134c rw - xfs /dev/sdb rw")
        #expect(mounts.first?.path == "/srv/a b\\c")
    }
}
