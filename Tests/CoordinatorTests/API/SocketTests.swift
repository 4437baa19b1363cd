import Contract
import DefragTypes
import Glibc
import Logging
import Support
import Testing

@testable import Coordinator
@testable import ReflowAPI

@Suite("The socket", .timeLimit(.minutes(1))) struct SocketTests {
    @Test("may be opened by owner and group, and is gone afterwards")
    func mode() async throws {
        let path = try RunFolder.subfolder("socket") + "/reflow.sock"
        try await Server.run(socket: path) { server in
            var status = stat()
            #expect(lstat(path, &status) == 0)
            #expect(status.st_mode & 0o7777 == 0o660)
            #expect(status.st_mode & S_IFMT == S_IFSOCK)
        }
        #expect(access(path, F_OK) != 0)
    }

    @Test("one that a dead process left behind is replaced")
    func stale() async throws {
        let path = try RunFolder.subfolder("socket") + "/reflow.sock"
        try listen(at: path)
        #expect(access(path, F_OK) == 0, "closed, but not removed")
        try await Server.run(socket: path) { server in
            let hosts: Listing<HostStatus> = try await server.ask { try await $0.get("/v1/hosts") }
            #expect(hosts.items.count == 2)
        }
    }

    @Test("one that another coordinator listens at is left to it")
    func twice() async throws {
        try await Server.run { server in
            await #expect(
                throws: SocketFile.Refused(description: "another coordinator listens at \(server.socket)")
            ) {
                try await Server.run(socket: server.socket) { _ in }
            }
            let hosts: Listing<HostStatus> = try await server.ask { try await $0.get("/v1/hosts") }
            #expect(hosts.items.count == 2, "the first one is still there")
        }
    }

    @Test("lets no more in than it has room for, until somebody leaves")
    func crowd() async throws {
        try await Server.run(mostConnections: 1) { server in
            try await server.ask { client in
                _ = try await client.follow(EventQuery()) { _ in
                    await #expect(throws: ClientError.self) {
                        try await CoordinatorClient.use(server.address, timeout: .milliseconds(300)) {
                            let _: Listing<HostStatus> = try await $0.get("/v1/hosts")
                        }
                    }
                    return false
                }
            }
            let hosts: Listing<HostStatus> = try await server.ask { try await $0.get("/v1/hosts") }
            #expect(hosts.items.count == 2)
        }
    }

    @Test("what is in the way is named")
    func inTheWay() async throws {
        let folder = try RunFolder.subfolder("socket")
        let file = folder + "/file"
        close(open(file, O_CREAT | O_WRONLY, 0o600))
        let long = "/" + String(repeating: "x", count: 103)
        let cases = [
            (file, "\(file) is in the way: it is not a socket", false),
            (
                folder + "/none/reflow.sock",
                "\(folder)/none: No such file or directory; make it, or name another path for the socket",
                true
            ),
            (
                file + "/reflow.sock",
                "\(file): Not a directory; make it, or name another path for the socket", true
            ), (long, "\(long) is longer than the 103 bytes that a socket's path may have", true),
        ]
        for (path, words, isWrongPath) in cases {
            #expect(throws: SocketFile.Refused(description: words, isWrongPath: isWrongPath)) {
                try SocketFile(path: path).check()
            }
        }
        #expect(access(file, F_OK) == 0, "and left alone")
    }

    @Test("what is in the way may be gone at another start: no wrong configuration to the shell")
    func exitStatus() async throws {
        let file = try RunFolder.subfolder("socket") + "/file"
        close(open(file, O_CREAT | O_WRONLY, 0o600))
        let configuration = try ServeConfiguration(file: nil, environment: ["REFLOW_SOCKET": file])
        let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let failure = await #expect(throws: Failure.self) {
            try await serveAPI(
                operations: MemoryCore(), configuration: configuration, tokens: TokenList([]), logger: log)
        }
        #expect(failure?.status == .failed)
        #expect(failure?.message == "\(file) is in the way: it is not a socket")
    }

    @Test(
        "a socket or a database in a folder that is not there is wrong configuration",
        arguments: ["REFLOW_SOCKET", "REFLOW_DATABASE"])
    func noFolder(setting: String) async throws {
        let folder = try RunFolder.subfolder("socket")
        var environment = ["REFLOW_SOCKET": folder + "/s", "REFLOW_DATABASE": folder + "/d"]
        environment["REFLOW_AMQP_URL"] = "amqp://guest:guest@127.0.0.1:1/"
        environment[setting] = folder + "/none/x"
        let command = try Process("reflow", ["serve"], environment: environment)
        #expect(await command.wait() == .exited(78))
        #expect(command.errors.contains("\(folder)/none"), "\(command.errors)")
    }

    /// Binds a socket at `path`, and closes it.
    private func listen(at path: String) throws {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        #expect(result == 0)
        close(descriptor)
    }
}
