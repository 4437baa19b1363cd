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
        ("amqps://h?cacertfile=/etc/ca.pem&verify=verify_peer", "amqps://guest@h:5671"),
    ])
    func parses(url: String, description: String) throws {
        #expect(try Endpoint(url: url).description == description)
    }

    @Test func decodesTheLogin() throws {
        let endpoint = try Endpoint(url: "amqp://user%3A1:p%40ss:w%2Frd@h")
        #expect(endpoint.user == "user:1")
        #expect(endpoint.password == "p@ss:w/rd")
    }

    @Test func readsTLSFiles() throws {
        let url = "amqps://h?cacertfile=%2Fca.pem&certfile=/c.pem&keyfile=/k.pem&verify=verify_none"
        let tls = try #require(Endpoint(url: url).tls)
        #expect(tls.caFile == "/ca.pem")
        #expect(tls.certificateFile == "/c.pem")
        #expect(tls.keyFile == "/k.pem")
        #expect(!tls.verifiesPeer)
        #expect(try #require(Endpoint(url: "amqps://h").tls).verifiesPeer)
    }

    @Test(arguments: [
        "", "localhost", "http://h", "amqp://", "amqp://u:secret@", "amqp://u:secret@h:0",
        "amqp://u:secret@h:99999",
        "amqp://u:secret@h:port", "amqp://:secret@h", "amqp://u:secret%zz@h", "amqp://u:secret%00@h",
        "amqp://u:secret@h?verify=verify_none", "amqps://u:secret@h?verify=perhaps",
        "amqps://u:secret@h?certfile=/c",
        "amqp://u:secret@[::1", "amqp://u:secret@[::1]x",
    ])
    func refuses(url: String) {
        let error = #expect(throws: AMQPError.self) { try Endpoint(url: url) }
        #expect(error?.code == .invalidURL)
        #expect(error?.message.contains("secret") == false)
    }
}
