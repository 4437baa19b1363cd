import AMQP
import Testing

@Suite struct EndpointTests {
    @Test(arguments: [
        ("amqp://localhost", "amqp://guest@localhost:5672"),
        ("amqp://localhost/", "amqp://guest@localhost:5672"),
        ("amqps://broker", "amqps://guest@broker:5671"),
        ("amqp://u:p@h:1234/v", "amqp://u@h:1234/v"),
        ("amqp://u:p%40%2F@h/%2f", "amqp://u@h:5672"),
        ("amqp://u%C3%A9:p@h/a%20b", "amqp://ué@h:5672/a b"),
        ("amqp://[::1]:5673", "amqp://guest@[::1]:5673"),
        ("amqp://[fe80::1]/v", "amqp://guest@[fe80::1]:5672/v"),
        ("amqps://h?verify=verify_peer", "amqps://guest@h:5671"),
        // Several nodes of a cluster.
        ("amqps://u:p@b1,b2:5673,[::1]/v", "amqps://u@b1:5671,b2:5673,[::1]:5671/v"),
        ("amqp://127.0.0.1,127.0.0.3:15672/", "amqp://guest@127.0.0.1:5672,127.0.0.3:15672"),
        ("amqp://u:p@b1, b2 ,b1/v", "amqp://u@b1:5672,b2:5672/v"),
        // As other clients take it.
        ("AMQP://u:p@Broker.Example/V", "amqp://u@broker.example:5672/V"),
        (" amqp://u:p@h/v\n", "amqp://u@h:5672/v"),
        ("\tamqp://h\r\n", "amqp://guest@h:5672"),
        ("amqp://h//", "amqp://guest@h:5672"),
        ("amqp://u:p@ss@h", "amqp://u@h:5672"),
        ("amqp://h?heartbeat=30&connection_timeout=5000", "amqp://guest@h:5672"),
        ("amqp://h?auth_mechanism=PLAIN", "amqp://guest@h:5672"),
    ])
    func parses(url: String, description: String) throws {
        #expect(try Endpoint(url: url).description == description)
    }

    @Test func decodesTheLogin() throws {
        let endpoint = try Endpoint(url: "amqp://user%3A1:p%40ss:w%2Frd@h")
        #expect(endpoint.user == "user:1")
        #expect(endpoint.password == "p@ss:w/rd")
    }

    @Test func takesTheFilesOfTLS() throws {
        let files = TLSFiles(authorities: "/ca.pem", certificate: "/c.pem", key: "/k.pem")
        let endpoint = try Endpoint(url: "amqps://h?verify=verify_none", files: files)
        let tls = try #require(endpoint.tls)
        #expect(tls.caFile == "/ca.pem")
        #expect(tls.certificate == ClientCertificate(file: "/c.pem", keyFile: "/k.pem"))
        #expect(!tls.verifiesPeer)
        #expect(try #require(Endpoint(url: "amqps://h").tls).verifiesPeer)
    }

    /// A certificate is the login where no user is named.
    @Test(arguments: [
        ("amqps://h/v", Endpoint.Login.certificate), ("amqps://u:p@h/v", .password),
        ("amqps://h/v?auth_mechanism=plain", .password),
        ("amqps://h/v?auth_mechanism=external", .certificate),
    ])
    func logsInByCertificate(url: String, login: Endpoint.Login) throws {
        let files = TLSFiles(certificate: "/c.pem", key: "/k.pem")
        let endpoint = try Endpoint(url: url, files: files)
        #expect(endpoint.login == login)
        #expect(try Endpoint(url: "amqps://h/v").login == .password)
        if login == .certificate { #expect(endpoint.description == "amqps://h:5671/v") }
    }

    @Test(arguments: [
        ("amqps://h", TLSFiles(certificate: "/c"), "go together"),
        ("amqps://h", TLSFiles(key: "/k"), "go together"),
        ("amqp://h", TLSFiles(certificate: "/c", key: "/k"), "needs amqps"),
        ("amqps://u:secret@h?auth_mechanism=external", TLSFiles(certificate: "/c", key: "/k"), "leave user"),
        ("amqps://h?auth_mechanism=external", TLSFiles(), "tlsCertFile"),
    ])
    func refusesFiles(url: String, files: TLSFiles, words: String) {
        let error = #expect(throws: AMQPError.self) { try Endpoint(url: url, files: files) }
        #expect(error?.code == .invalidURL)
        #expect(error?.message.contains(words) == true)
    }

    @Test func takesWhatOtherClientsSay() throws {
        let endpoint = try Endpoint(url: "amqp://h?heartbeat=30&connection_timeout=5000")
        #expect(endpoint.heartbeat == .seconds(30))
        #expect(endpoint.connectTimeout == .seconds(5))
    }

    @Test(arguments: [
        ("amqps://h?cacertfile=/ca.pem", "cacertfile: name the file in the setting tlsCAFile"),
        ("amqps://h?certfile=/c.pem", "REFLOW_TLS_CERT_FILE"),
        ("amqp://h?keyfile=/k.pem", "REFLOW_TLS_KEY_FILE"),
        ("amqp://h?heartbeat=0", "heartbeat is a number of seconds"),
        ("amqp://h?heartbeat=x", "heartbeat is"),
        ("amqp://h?connection_timeout=5", "milliseconds"),
        ("amqp://h?channel_max=10", "channel_max: leave it out"),
        ("amqp://h?frame_max=10", "frame_max: leave it out"),
        ("amqp://h?retry_delay=2", "tries again for ever"),
        ("amqps://h?server_name_indication=x", "host's in the URL"),
        ("amqp://h?verify=verify_none", "needs amqps"),
        ("amqps://h?verify=perhaps", "verify_peer or verify_none"),
        ("amqp://h?secret=s3cret", "secret is no parameter"),
        ("amqp://h?heartbeat=3&heartbeat=4", "twice"),
        ("amqp://h?auth_mechanism=rabbit", "plain or external"),
        ("amqp://u:p/w@h/v", "write / as %2F"), ("amqp://u:p?w@h/v", "? as %3F"),
        ("amqp://u:p%w@h/v", "% itself is %25"),
        ("amqp://u:p w@h/v", "write a blank as %20"), ("amqp://h/a b", "write a blank as %20"),
        ("amqp://u:p\n@h/v", "control character"), ("amqp://b1,,b2", "beside a comma"),
        ("amqp://b1,", "beside a comma"),
        ("amqp://::1/", "stands in brackets"), ("amqp://h:1,h:x", "not a number"),
        ("amqp://h_|x", "no name has"),
        ("amqp://[h]", "IPv6 address"), ("amqp:/h", "must begin with"), ("h:5672", "must begin with"),
    ])
    func namesWhatIsWrong(url: String, words: String) {
        let error = #expect(throws: AMQPError.self) { try Endpoint(url: url) }
        #expect(error?.code == .invalidURL)
        #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
        #expect(error?.message.contains("s3cret") == false)
    }

    @Test(arguments: [
        "", "localhost", "http://h", "amqp://", "amqp://u:secret@", "amqp://u:secret@h:0",
        "amqp://u:secret@h:99999",
        "amqp://u:secret@h:port", "amqp://:secret@h", "amqp://u:secret%zz@h", "amqp://u:secret%00@h",
        "amqp://u:secret@h?verify=verify_none", "amqps://u:secret@h?verify=perhaps",
        "amqp://u:secret@[::1", "amqp://u:secret@[::1]x",
    ])
    func refuses(url: String) {
        let error = #expect(throws: AMQPError.self) { try Endpoint(url: url) }
        #expect(error?.code == .invalidURL)
        #expect(error?.message.contains("secret") == false)
    }
}
