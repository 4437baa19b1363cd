import AMQP
import Support
import Testing

@Suite("Passwords in files") struct PasswordFileTests {
    private func file(_ text: String, mode: String = "600") throws -> String {
        let path = try RunFolder.subfolder("password") + "/password"
        try Tool.run("sh", "-c", "umask 077; printf '\(text)' > '\(path)'; chmod \(mode) '\(path)'")
        return path
    }

    @Test(
        "one line break at the end does not count",
        arguments: [
            ("secret", "secret"), ("secret\\n", "secret"), ("secret\\r\\n", "secret"), ("a b\\n\\n", "a b\n"),
            ("pä§\\n", "pä§"),
        ])
    func reading(text: String, password: String) throws {
        #expect(try PasswordFile(path: file(text)).read() == password)
    }

    @Test(
        "what is no password, or open to everybody, is refused, with what to do",
        arguments: [
            ("", "600", "has no password"), ("\\n", "600", "has no password"), ("x", "604", "chmod o="),
            ("x", "644", "chmod o="), ("x", "602", "chmod o="), ("a\\0b", "600", "has no password"),
        ])
    func refused(text: String, mode: String, words: String) throws {
        let path = try file(text, mode: mode)
        let error = #expect(throws: AMQPError.self) { try PasswordFile(path: path).read() }
        #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
        #expect(error?.message.contains(path) == true)
        #expect(error?.isRetriable == true, "it may be mended while a program runs")
    }

    @Test("one that its group may read is taken; one that is missing, or no file, is named")
    func places() throws {
        #expect(try PasswordFile(path: file("x", mode: "640")).read() == "x")
        for path in ["/nowhere/password", "/", "/dev/null"] {
            let error = #expect(throws: AMQPError.self) { try PasswordFile(path: path).read() }
            #expect(error?.message.contains(path) == true)
        }
    }

    @Test("a URL with a password, too, is refused")
    func both() throws {
        var endpoint = try Endpoint(url: "amqp://u:p@broker")
        let path = try file("x")
        let error = #expect(throws: AMQPError.self) { try endpoint.usePasswordFile(path) }
        #expect(error?.message.contains("take it out") == true)
        var other = try Endpoint(url: "amqp://u@broker")
        try other.usePasswordFile(path)
        #expect(other.passwordFile?.path == path)
    }

    @Test("it is read at each login")
    func rotation() async throws {
        let broker = try await PrivateBroker.shared()
        let user = testOptions().name
        try await broker.setUser(user, password: "old")
        let path = try file("wrong")
        var endpoint = try Endpoint(url: "amqp://\(user)@127.0.0.1:\(broker.port)")
        try endpoint.usePasswordFile(path)
        let connection = Connection(endpoint, testOptions())
        let states = connection.states
        connection.start()
        let error = await amqpError { try await connection.waitUntilConnected(timeout: .seconds(20)) }
        #expect(error?.code == .credentialsRefused)
        try Tool.run("sh", "-c", "printf old > '\(path)'")
        _ = try await states.reaches { $0 == .connected }
        await connection.close()
    }
}
