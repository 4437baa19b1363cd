import Contract
import DefragTypes
import Testing

@Suite("Names") struct NamesTests {
    @Test("a host's name is a slug", arguments: ["a", "web-01", String(repeating: "x", count: 63), "0"])
    func good(name: String) {
        #expect(HostName(name)?.description == name)
    }

    @Test(
        "a name that would break routing keys or permission patterns is refused",
        arguments: [
            "", "a.b", "A", "ä", "a_b", "a b", "-a", "a-", "#", "*", String(repeating: "x", count: 64),
        ])
    func bad(name: String) {
        #expect(HostName(name) == nil)
    }

    @Test(
        "a machine's own name becomes a slug",
        arguments: [
            ("Web01.Example.com", "web01-example-com"), ("a_b", "a-b"), ("-x-", "x"), ("Käse", "k-se"),
            ("...", nil),
        ] as [(String, String?)])
    func slug(machine: String, slug: String?) {
        #expect(HostName(slugFrom: machine)?.description == slug)
    }

    @Test(
        "only a host's own user, or the configured shared one, speaks for it",
        arguments: [
            ("reflow-alpha", nil, true), ("reflow-beta", nil, false), (nil, nil, false), ("all", nil, false),
            ("all", "all", true), (nil, "all", false), ("reflow-beta", "all", false),
        ] as [(String?, String?, Bool)])
    func believe(user: String?, shared: String?, believed: Bool) throws {
        let alpha = try #require(HostName("alpha"))
        #expect(EventAddress.mayBelieve(user: user, speakingFor: alpha, sharedUser: shared) == believed)
    }

    @Test("a source names its host")
    func source() throws {
        let alpha = try #require(HostName("alpha"))
        #expect(EventAddress.host(ofSource: EventAddress.source(alpha)) == alpha)
        #expect(EventAddress.host(ofSource: "/coordinator") == nil)
        #expect(EventAddress.host(ofSource: "/hosts/a.b") == nil)
    }

    @Test("a timestamp is RFC 3339 in UTC")
    func timestamp() {
        #expect(
            Timestamp(unixSeconds: 1_795_381_406, milliseconds: 7).description == "2026-11-22T21:03:26.007Z")
    }
}
