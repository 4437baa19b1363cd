import Testing

@testable import Coordinator
@testable import ReflowAPI

@Suite("Server-sent events") struct ServerSentEventsTests {
    private typealias Event = ServerSentEvents.Event

    private static let cases: [(text: String, events: [ServerSentEvents.Event])] = [
        ("", []), (":\n\n", []), ("data: a\n", []), ("id: 7\n\n", []),
        ("data: a\n\n", [.init(data: "a")]), ("data:a\r\n\r\n", [.init(data: "a")]),
        ("data:a\r\r", [.init(data: "a")]),
        ("data:  a\ndata: b\n\n", [.init(data: " a\nb")]), ("data\n\n", [.init(data: "")]),
        (
            "id: 7\nevent: event\ndata: {\"a\":1}\n\n: alive\n\nevent: rollout\ndata: {}\n\n",
            [.init(id: "7", name: "event", data: "{\"a\":1}"), .init(id: "7", name: "rollout", data: "{}")]
        ),
        ("retry: 5\nfoo: bar\ndata: é\n\n", [.init(data: "é")]),
    ]

    @Test("are read however they are cut into pieces", arguments: cases.indices)
    func cut(number: Int) throws {
        let (text, events) = Self.cases[number]
        let bytes = Array(text.utf8)
        for size in 1...max(1, bytes.count) {
            var parser = ServerSentEvents()
            var found: [ServerSentEvents.Event] = []
            for start in stride(from: 0, to: bytes.count, by: size) {
                found += try parser.take(bytes[start..<min(start + size, bytes.count)])
            }
            #expect(found == events, "in pieces of \(size)")
        }
    }

    @Test("a line without an end is no reason to take all memory")
    func tooLong() throws {
        var parser = ServerSentEvents()
        let piece = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20)
        for _ in 0..<(ServerSentEvents.longestLine >> 20) { _ = try parser.take(piece) }
        #expect(throws: ServerSentEvents.TooLong.self) { try parser.take(piece) }
    }

    @Test("what the server writes is read as it was")
    func both() throws {
        var parser = ServerSentEvents()
        let text =
            try LiveStream<MemoryCore>.text(.event(Samples.event)) + ":\n\n"
        let events = try parser.take(text.utf8)
        #expect(events.map(\.id) == ["7"])
        #expect(events.map(\.name) == ["event"])
    }
}
