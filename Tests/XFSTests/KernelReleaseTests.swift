import Testing
import XFS

@Suite struct KernelReleaseTests {
    @Test(
        "unsharing the last shared extent may lose data before 6.12, and in 6.6 before 6.6.79",
        arguments: [
            ("4.18.0-553.el8.x86_64", true), ("5.4.0-150-generic", true), ("5.9.16", true),
            ("5.10.0-28-amd64", true), ("5.15.148", true), ("6.1.0-18-amd64", true), ("6.6.78", true),
            ("6.6.79", false),
            ("6.6.100-1-lts", false),
            ("6.7.12", true), ("6.11.10+bpo-amd64", true), ("6.12.0", false), ("6.12.9-rt", false),
            ("6.18.44-fc", false),
            ("7.0", false), ("unknown", true),
        ])
    func known(text: String, isUnsafe: Bool) {
        #expect(KernelRelease(text).losesDataWhenUnsharing == isUnsafe)
    }

    @Test(
        "unsharing loses data whatever else is shared from 5.10 on, until 5.13",
        arguments: [
            ("5.4.0-150-generic", false), ("5.9.16", false), ("5.10.0", true), ("5.10.0-28-amd64", true),
            ("5.11.22", true), ("5.12.19", true), ("5.13.0", false), ("5.15.148", false),
            ("6.1.0-47-amd64", false), ("6.18.44-fc", false), ("unknown", false),
        ])
    func refused(text: String, isUnsafe: Bool) {
        #expect(KernelRelease(text).losesDataWhateverIsShared == isUnsafe)
    }

    @Test func theRunningOneIsRead() {
        #expect(KernelRelease.current.numbers[0] >= 5)
    }
}
