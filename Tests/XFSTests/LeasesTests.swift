import Support
import Testing

@testable import XFS

@Suite("Leases") struct LeasesTests {
    @Test("a lease for writing on the file is found, and no other lock")
    func parsing() throws {
        let path = try RunFolder.subfolder("lease") + "/file"
        TestFile(path).fill(0..<1)
        let status = try Location(path: path).status()
        let device = status.deviceName.split(separator: ":").compactMap { Int($0) }
        func line(_ kind: String, _ mode: String, inode: UInt64) -> String {
            let numbers = device.map { String($0 + 0x100, radix: 16).suffix(2) }.joined(separator: ":")
            return "1: \(kind)  ACTIVE    \(mode) 4242 \(numbers):\(inode) 0 EOF\n"
        }
        #expect(Leases.hasWriteLease(line("LEASE", "WRITE", inode: status.inode), on: status))
        #expect(!Leases.hasWriteLease(line("LEASE", "READ ", inode: status.inode), on: status))
        #expect(!Leases.hasWriteLease(line("POSIX", "WRITE", inode: status.inode), on: status))
        #expect(!Leases.hasWriteLease(line("LEASE", "WRITE", inode: status.inode + 1), on: status))
        #expect(!Leases.hasWriteLease("", on: status))
    }
}
