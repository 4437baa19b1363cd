import AMQP
import DefragTypes
import Glibc
import Logging
import Rollout
import Settings
import Support
import Testing

@testable import Coordinator

@Suite("The coordinator's configuration") struct ServeConfigurationTests {
    private func tokens() throws -> String {
        let path = try RunFolder.subfolder("tokens") + "/tokens"
        let file = try #require(fopen(path, "w"))
        fputs("ops 0123456789abcdefghij\n", file)
        fclose(file)
        chmod(path, 0o600)
        return path
    }

    private func problems(_ text: String, _ environment: [String: String] = [:]) -> [String] {
        do {
            _ = try ServeConfiguration(text: text, of: "reflow.yaml", environment: environment)
            return []
        } catch {
            return error.problems
        }
    }

    @Test("says all there is without a file")
    func defaults() throws {
        let configuration = try ServeConfiguration(file: nil, environment: [:])
        #expect(configuration.database == "/var/lib/reflow/reflow.db")
        #expect(configuration.listeners == Listeners(socket: "/run/reflow/reflow.sock", tcp: nil))
        #expect(configuration.endpoint.description == "amqp://guest@127.0.0.1:5672")
        #expect(configuration.sharedUser == nil)
        #expect(configuration.lostAfter == .seconds(60))
        #expect(configuration.retention == Store.Retention())
        #expect(configuration.logLevel == .info)
    }

    @Test("takes every setting from the file; the environment has the last word")
    func settings() throws {
        let tokens = try tokens()
        let text = """
            # production
            database: /data/reflow.db
            socket: /data/reflow.sock
            tcp:
              address: 10.0.0.1
              port: 7077
              tokenFile: \(tokens)
              insecure: true
            amqpURL: amqps://reflow:secret@broker/
            tlsCAFile: /etc/ca.pem
            sharedUser: guest
            lostAfter: 2m
            keepRollouts: 90d
            keepAudit: 730d
            logLevel: debug
            logFormat: json
            """
        let file = try ServeConfiguration(text: text, of: "reflow.yaml", environment: [:])
        #expect(file.database == "/data/reflow.db")
        #expect(file.listeners.socket == "/data/reflow.sock")
        #expect(file.listeners.tcp?.address == "10.0.0.1")
        #expect(file.listeners.tcp?.port == 7077)
        #expect(file.listeners.tcp?.tokens.map(\.name) == ["ops"])
        #expect(file.endpoint.description == "amqps://reflow@broker:5671")
        #expect(file.endpoint.tls?.caFile == "/etc/ca.pem")
        #expect(file.sharedUser == "guest")
        #expect(file.endpoint.passwordFile == nil)
        #expect(file.lostAfter == .seconds(120))
        #expect(file.retention.rollouts == .seconds(90 * 86_400))
        #expect(file.retention.audit == .seconds(730 * 86_400))
        #expect(file.logLevel == .debug)
        #expect(file.logFormat == .json)

        let both = try ServeConfiguration(
            text: text, of: "reflow.yaml",
            environment: [
                "REFLOW_DATABASE": "/e/db", "REFLOW_SOCKET": "/e/sock", "REFLOW_TCP_ADDRESS": "::1",
                "REFLOW_TCP_PORT": "1", "REFLOW_AMQP_URL": "amqp://other/", "REFLOW_SHARED_USER": "all",
                "REFLOW_LOST_AFTER": "30s", "REFLOW_LOG_LEVEL": "error",
            ])
        #expect(both.database == "/e/db")
        #expect(both.listeners.socket == "/e/sock")
        #expect(both.listeners.tcp?.address == "::1")
        #expect(both.listeners.tcp?.port == 1)
        #expect(both.endpoint.brokers.map(\.host) == ["other"])
        #expect(both.sharedUser == "all")
        #expect(both.lostAfter == .seconds(30))
        #expect(both.logLevel == .error)
    }

    @Test("takes the operators' labels of hosts, in their order")
    func inventory() throws {
        let text =
            "inventory:\n  web-1: {rack: r1}\n  'web-*': {rack: r2, cluster: c1}\n  '*': {cluster: c2}\n"
        let configuration = try ServeConfiguration(text: text, of: "reflow.yaml", environment: [:])
        #expect(
            configuration.inventory
                == Inventory([
                    .init(hosts: "web-1", labels: ["rack": "r1"]),
                    .init(hosts: "web-*", labels: ["rack": "r2", "cluster": "c1"]),
                    .init(hosts: "*", labels: ["cluster": "c2"]),
                ]))
    }

    @Test("listens on loopback unless an address is named")
    func loopback() throws {
        let text = "tcp: {port: 7077, tokenFile: \(try tokens())}"
        let configuration = try ServeConfiguration(text: text, of: "reflow.yaml", environment: [:])
        #expect(configuration.listeners.tcp?.address == "127.0.0.1")
    }

    @Test(
        "listens beyond the machine only with TLS, or where that is said to be meant",
        arguments: [
            ("127.0.0.1", true), ("127.1.2.3", true), ("::1", true), ("localhost", true),
            ("::ffff:127.0.0.1", true), ("0.0.0.0", false), ("10.0.0.1", false), ("::", false),
            ("broker.example.net", false), ("localhost.example.net", false),
        ])
    func clearText(address: String, isLoopback: Bool) throws {
        let tcp = "tcp: {address: '\(address)', port: 7077, tokenFile: \(try tokens())"
        let found = problems(tcp + "}")
        #expect(found.isEmpty == isLoopback, "\(found)")
        #expect(found.allSatisfy { $0.contains("would travel in clear text") })
        #expect(problems(tcp + ", insecure: true}").isEmpty)
        let configuration = try ServeConfiguration(
            text: tcp + ", insecure: true}", of: "reflow.yaml", environment: [:])
        #expect(configuration.listeners.tcp?.isInsecure == !isLoopback)
    }

    @Test(
        "each mistake has its message",
        arguments: [
            (
                "datbase: /x",
                "reflow.yaml line 1: datbase is no setting; there are database, socket, readSocket.path, readSocket.group, tcp.address, tcp.port, tcp.tokenFile, tcp.certificateFile, tcp.keyFile, tcp.insecure, amqpURL, amqpPasswordFile, tlsCAFile, tlsCertFile, tlsKeyFile, sharedUser, lostAfter, keepRollouts, keepAudit, logLevel, logFormat, inventory"
            ),
            ("database: x", "reflow.yaml line 1: database: 'x' is not an absolute path"),
            ("\n\nsocket: [a]", "reflow.yaml line 3: socket: one value is wanted"),
            ("lostAfter: 60", "reflow.yaml line 1: lostAfter: '60' is not a duration such as 60s"),
            (
                "lostAfter: 5s",
                "reflow.yaml line 1: lostAfter is at least 25s: a worker may be silent for 20s"
            ),
            ("keepRollouts: 30", "reflow.yaml line 1: keepRollouts: '30' is not a duration such as 400d"),
            ("keepAudit: 1h", "reflow.yaml line 1: keepAudit is at least 1d"),
            (
                "logLevel: loud",
                "reflow.yaml line 1: logLevel: 'loud' is none of trace, debug, info, notice, warning, error, critical"
            ),
            ("logFormat: xml", "reflow.yaml line 1: logFormat: 'xml' is neither text nor json"),
            (
                "amqpURL: http://x:y@z",
                "reflow.yaml line 1: amqpURL: invalid AMQP URL: it must begin with amqp:// or amqps://"
            ),
            (
                "tcp:\n  port: 7077",
                "reflow.yaml line 2: tcp.port needs tcp.tokenFile: by TCP nobody is let in without a token"
            ),
            (
                "tcp:\n  port: 77777\n  tokenFile: /none",
                "reflow.yaml line 2: tcp.port: '77777' is not a port"
            ),
            (
                "tcp: {port: 1, tokenFile: /none}",
                "reflow.yaml line 1: tcp.tokenFile: /none: No such file or directory"
            ),
            ("tcp: {tokenFile: /none}", "reflow.yaml line 1: tcp.tokenFile needs tcp.port"),
            (
                "tcp: {address: '127.0.0.1:80', port: 1, tokenFile: /none}",
                "reflow.yaml line 1: tcp.address: '127.0.0.1:80' is neither an address nor the name of one"
            ),
            (
                "tcp: {port: 1, tokenFile: /none, certificateFile: /none}",
                "reflow.yaml line 1: tcp.certificateFile needs tcp.keyFile"
            ),
            (
                "tcp: {port: 1, tokenFile: /none, certificateFile: /none, keyFile: /none/key}",
                "reflow.yaml line 1: tcp.certificateFile: /none/key: No such file or directory"
            ),
            (
                "tcp: {port: 1, tokenFile: /none, insecure: maybe}",
                "reflow.yaml line 1: tcp.insecure: 'maybe' is neither true nor false"
            ),
            ("inventory: x", "reflow.yaml line 1: inventory: labels by hosts, such as {alpha: {rack: r1}}"),
            (
                "inventory: {Alpha: {rack: r1}}",
                "reflow.yaml line 1: inventory.Alpha is not the name of a host (a-z, 0-9 and -, with * for any of them)"
            ),
            (
                "inventory:\n  alpha: r1",
                "reflow.yaml line 2: inventory.alpha: labels are wanted, such as {rack: r1}"
            ),
            (
                "inventory:\n  alpha: {rack: 'r 1'}",
                "reflow.yaml line 2: inventory.alpha: 'rack: r 1' is no label: key and value are 1 to 63 of a-z, A-Z, 0-9 and -_."
            ),
            (
                "inventory:\n  a: {}\n  a: {}", "reflow.yaml line 3: inventory.a is there twice"
            ),
            ("readSocket: {group: root}", "reflow.yaml line 1: readSocket.group needs readSocket.path"),
            (
                "readSocket: {path: /a, group: nobody-has-this}",
                "reflow.yaml line 1: readSocket.group: 'nobody-has-this' is no group of this machine"
            ),
            (
                "socket: /a\nreadSocket: {path: /a}",
                "reflow.yaml line 2: readSocket.path is the other socket: name a path of its own"
            ),
            ("tcp: 7077", "reflow.yaml line 1: settings, such as 'database: /var/lib/reflow/reflow.db'"),
            ("- a", "reflow.yaml line 1: settings, such as 'database: /var/lib/reflow/reflow.db'"),
            ("socket: /a\nsocket: /b", "reflow.yaml line 2: socket is there twice"),
            ("socket: [/a", "reflow.yaml: line 1, column 9: this [ is never closed"),
            (
                "socket: &a /a\ndatabase: *a",
                "reflow.yaml: line 2, column 11: anchors (&name) and aliases (*name) are not read here: write the value out, or put it in quotes"
            ),
        ])
    func mistakes(text: String, words: String) {
        #expect(problems(text).first == words)
    }

    @Test("all mistakes are named at once, those of the environment too; no password is repeated")
    func several() {
        let found = problems(
            "database: x\nfoo: 1", ["REFLOW_AMQP_URL": "amqp://u:hush@h:port/", "REFLOW_TCP_PORT": "1"])
        #expect(found.count == 4)
        #expect(found.contains { $0.hasPrefix("REFLOW_AMQP_URL: ") })
        #expect(found.contains { $0.hasPrefix("REFLOW_TCP_PORT needs tcp.tokenFile") })
        #expect(!found.joined().contains("hush"))
        #expect(found.map { $0.prefix(18) }.prefix(2) == ["reflow.yaml line 1", "reflow.yaml line 2"])
    }

    @Test("the password can be in a file of its own, which nobody else may read, and is not in the URL then")
    func passwordFile() throws {
        let path = try RunFolder.subfolder("settings") + "/password"
        try Tool.run("sh", "-c", "echo hush > '\(path)'; chmod 640 '\(path)'")
        let text = "amqpURL: amqp://u@h\namqpPasswordFile: \(path)"
        let configuration = try ServeConfiguration(text: text, of: "reflow.yaml", environment: [:])
        #expect(configuration.endpoint.passwordFile?.path == path)
        #expect(
            problems(text, ["REFLOW_AMQP_URL": "amqp://u:p@h"]) == [
                "reflow.yaml line 2: amqpPasswordFile: the URL has a password, too: take it out of there"
            ])
        chmod(path, 0o644)
        let open = problems(text).joined()
        #expect(open.contains("amqpPasswordFile: the password file \(path) is open to everybody"), "\(open)")
        #expect(!open.contains("hush"))
    }

    @Test("a file that everybody may read may hold no password")
    func secrecy() throws {
        let path = try RunFolder.subfolder("settings") + "/reflow.yaml"
        func read(_ text: String, mode: mode_t, _ environment: [String: String] = [:]) throws {
            let file = try #require(fopen(path, "w"))
            fputs(text, file)
            fclose(file)
            chmod(path, mode)
            _ = try ServeConfiguration(file: path, environment: environment)
        }
        let url = "amqpURL: amqp://reflow:hush@broker/\n"
        let refused = ServeConfiguration.Wrong(problems: [
            "\(path) line 1: amqpURL holds a password, and everybody can read it: chmod o= '\(path)', or use REFLOW_AMQP_URL"
        ])
        #expect(throws: refused) { try read(url, mode: 0o644) }
        try read(url, mode: 0o640)
        try read(url, mode: 0o644, ["REFLOW_AMQP_URL": "amqp://reflow:hush@broker/"])
        try read("amqpURL: amqp://guest:guest@127.0.0.1/\n", mode: 0o644)
        try read("lostAfter: 60s\n", mode: 0o644)
    }

    @Test("a file that is not there is named")
    func noFile() {
        #expect(
            throws: ServeConfiguration.Wrong(problems: [
                "/none/reflow.yaml cannot be read: is it there, and may this user read it?"
            ])
        ) { try ServeConfiguration(file: "/none/reflow.yaml", environment: [:]) }
    }
}
