import Testing

@testable import XFS

struct SwapFilesTests {
    @Test func onlyFilesCountAndNamesAreUnescaped() {
        let text = """
            Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority
            /dev/sda2                               partition\t2097148\t\t0\t\t-2
            /srv/swap\\040file                        file\t\t4092\t\t0\t\t-3

            """
        #expect(SwapFiles.paths(text) == ["/srv/swap file"])
        #expect(SwapFiles.paths("") == [])
    }
}
