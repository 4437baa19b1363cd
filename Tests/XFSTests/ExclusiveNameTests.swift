import Glibc
import Support
import Testing

@testable import XFS

@Suite("A name that one process holds") struct ExclusiveNameTests {
    private func isFree(_ name: String, owner: UInt32 = 0) -> Bool {
        do throws(SystemError) {
            _ = try ExclusiveName(name, besideOwner: owner)
            return true
        } catch {
            #expect(error.errno == EADDRINUSE)
            return false
        }
    }

    @Test("is taken once")
    func once() throws {
        let name = "reflow-test/\(getpid())/once"
        do {
            let held = try ExclusiveName(name, besideOwner: 0)
            #expect(!isFree(name))
            #expect(isFree(name + "x"))
            _ = held
        }
        try awaitRelease(ofName: name)
        #expect(isFree(name))
    }

    @Test("a socket of a user whom it does not concern keeps nobody out", arguments: [65534, 0] as [UInt32])
    func foreign(owner: UInt32) throws {
        let name = "reflow-test/\(getpid())/foreign\(owner)"
        let holder = """
            import os, socket, sys
            os.setuid(65534)
            s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            s.bind(chr(0) + sys.argv[1])
            sys.stdin.read()
            """
        // It ends with its standard input.
        let process = try #require(popen("python3 -c '\(holder)' \(name)", "w"))
        defer { pclose(process) }
        while try !Tool.run("cat", "/proc/net/unix").contains("@\(name)\n") { usleep(10_000) }
        // To the file's owner it belongs; anyone else's is none.
        #expect(isFree(name, owner: owner) == (owner != 65534))
        let first = try? ExclusiveName(name, besideOwner: 0)
        // Root's processes know of each other all the same.
        #expect(!isFree(name, owner: 0))
        _ = first
    }
}
