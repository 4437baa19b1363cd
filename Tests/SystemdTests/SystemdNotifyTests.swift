import Glibc
import Support
import Testing

import Systemd

@Suite("sd_notify") struct SystemdNotifyTests {
    @Test("reaches the socket that systemd names", arguments: [false, true])
    func send(isAbstract: Bool) throws {
        let path = try RunFolder.subfolder("notify") + "/socket"
        let name = isAbstract ? "@" + path : path
        let receiver = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        defer { close(receiver) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array((isAbstract ? "\0" + path : path).utf8)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let offset = MemoryLayout.offset(of: \sockaddr_un.sun_path) ?? 2
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(receiver, $0, socklen_t(offset + bytes.count))
            }
        }
        try #require(bound == 0)
        SystemdNotify(environment: ["NOTIFY_SOCKET": name]).send("READY=1\nSTATUS=here")
        var buffer = [UInt8](repeating: 0, count: 100)
        let count = recv(receiver, &buffer, buffer.count, Int32(MSG_DONTWAIT))
        try #require(count > 0, "nothing came")
        #expect(String(decoding: buffer.prefix(count), as: UTF8.self) == "READY=1\nSTATUS=here")
    }

    @Test("does nothing without systemd")
    func absent() {
        SystemdNotify(environment: [:]).send("READY=1")
        SystemdNotify(environment: ["NOTIFY_SOCKET": "/nowhere/at/all"]).send("READY=1")
    }
}
