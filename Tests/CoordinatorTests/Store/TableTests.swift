import Contract
import DefragTypes
import Foundation
import Testing

@testable import Coordinator
@testable import ReflowAPI

@Suite("the store's tables") struct TableTests {
    private let now = Date(timeIntervalSince1970: 1_800_000_000)

    @Test("hosts: what they last said, when, and that they are lost")
    func fleet() async throws {
        let store = try Store.inMemory()
        let state = HostState(
            version: "1.0.0", kernel: "6.18", generation: 3, mode: .run,
            fileSystems: [.init(uuid: "u", mountPoint: "/v", size: .gibibytes(9), free: .gibibytes(4))],
            running: [],
            uptime: 5, labels: ["rack": "r1"])
        try await store.write { [now] unit in
            try unit.heard(named("b"), nil, at: now)
            try unit.heard(named("a"), state, at: now)
            try unit.lost(named("a"))
            try unit.lost(named("c"))  // never heard: perhaps a slip of the pen
        }
        var rows = try await store.read { try $0.fleet() }
        #expect(rows.map(\.name.description) == ["a", "b"])
        #expect(rows.map(\.isLost) == [true, false])
        #expect(rows.map(\.lastHeard) == [now, now])
        #expect(rows[0].state == state)
        #expect(rows[1].state == nil)
        try await store.write { [now] in try $0.heard(named("a"), nil, at: now + 5) }
        rows = try await store.read { try $0.fleet() }
        #expect(!rows[0].isLost)
        #expect(rows[0].lastHeard == now + 5)
        #expect(rows[0].state == state, "what it last said stays")
        try await store.write { try $0.forget(named("a")) }
        #expect(try await store.read { try $0.fleet() }.map(\.name.description) == ["b"])
    }

    @Test("hosts: what is wanted of them")
    func desired() async throws {
        let store = try Store.inMemory()
        var wanted = DesiredState(generation: 1, mode: .pause)
        wanted.policy.maxPause = .milliseconds(5)
        try await store.write { [wanted, now] unit in
            try unit.desire(wanted, of: named("a"))
            try unit.heard(named("b"), nil, at: now)
            try unit.desire(wanted, of: named("b"))
            try unit.desire(DesiredState(generation: 2, mode: .run), of: named("b"))
        }
        let fleet = try await store.read { try $0.fleet() }
        #expect(fleet.map(\.desired) == [wanted, DesiredState(generation: 2, mode: .run)])
        #expect(fleet.map(\.lastHeard) == [nil, now])
    }

    @Test("outbox: of each host the next, in the order in which they came, until it is published")
    func outbox() async throws {
        let store = try Store.inMemory()
        let messages = (0..<5).map(message)
        try await store.write { unit in for message in messages { try unit.append(message) } }
        func next(excluding keys: Set<Store.Outgoing.Queue> = [], limit: Int = 9) async throws -> [Store
            .Outgoing]
        {
            try await store.read { try $0.nextOutgoing(excluding: keys, limit: limit) }
        }
        let first = try await next()
        #expect(first.map(\.messageID) == ["m0", "m1"])
        #expect(try await next(limit: 1) == [first[0]])
        #expect(try await next(excluding: [first[0].queue]) == [first[1]])
        var plain = first[0]
        plain.id = 0
        #expect(plain == messages[0])
        try await store.write { [first] in try $0.remove(outbox: first.map(\.id)) }
        let second = try await next()
        #expect(second.map(\.messageID) == ["m2", "m3"])
        try await store.write { [second] in try $0.remove(outbox: second.map(\.id)) }
        let last = try #require(try await next().first)
        plain = last
        plain.id = 0
        #expect(plain == messages[4])
        try await store.write { [messages] in
            try $0.remove(outbox: [last.id])
            try $0.append(messages[0])
        }
        #expect(try #require(try await next().first).id > last.id, "an id is never used again")
    }

    /// Messages 0, 2, 4 are for host a, the others for b.
    private func message(_ number: Int) -> Store.Outgoing {
        let isLast = number == 4
        let host = number % 2 == 0 ? "a" : "b"
        return Store.Outgoing(
            exchange: "reflow.tasks", routingKey: host, messageID: "m\(number)",
            contentType: "application/cloudevents+json", type: "reflow.task.slice",
            body: [0, 255, UInt8(number)],
            kind: isLast ? .control : .slice, host: host,
            task: isLast ? nil : "m\(number)")
    }

    @Test("seen events: the second time is recognised, until it is forgotten")
    func seen() async throws {
        let store = try Store.inMemory()
        let news = try await store.write { [now] unit in
            try [("/hosts/a", "1"), ("/hosts/a", "1"), ("/hosts/b", "1"), ("/hosts/a", "2")].map {
                try unit.isNew(source: $0.0, id: $0.1, at: now)
            }
        }
        #expect(news == [true, false, true, true])
        let again = try await store.write { [now] unit in
            for number in 0..<20 { _ = try unit.isNew(source: "/later", id: "\(number)", at: now + 60) }
            let none = try unit.pruneSeenEvents(before: now, keeping: 1000)
            let old = try unit.pruneSeenEvents(before: now + 1, keeping: 1000)
            let many = try unit.pruneSeenEvents(before: now + 1, keeping: 5)
            let first = try unit.isNew(source: "/hosts/a", id: "1", at: now + 61)
            let early = try unit.isNew(source: "/later", id: "14", at: now + 61)
            let late = try unit.isNew(source: "/later", id: "15", at: now + 61)
            let rest = try unit.pruneSeenEvents(before: now + 3600, keeping: 1000)
            let nothing = try unit.pruneSeenEvents(before: now + 3600, keeping: 1000)
            return ([none, old, many, rest, nothing], [first, early, late])
        }
        #expect(again.0 == [0, 3, 15, 7, 0])
        #expect(again.1 == [true, true, false])
    }

    @Test("events: by type, host and rollout, from an id, from a time, and the latest")
    func events() async throws {
        let store = try Store.inMemory()
        let events = (0..<10).map(event)
        let ids = try await store.write { unit in
            try events.enumerated().map { number, event in
                try unit.log(
                    event.type, event.text, rollout: event.rollout, host: event.host, subject: event.subject,
                    at: now + Double(number))
            }
        }
        func numbers(_ query: EventQuery) async throws -> [Int] {
            try await store.read { try $0.events(query) }.compactMap {
                Int($0.text.dropFirst("event ".count))
            }
        }
        #expect(try await numbers(.init()) == Array(0..<10))
        #expect(
            try await numbers(.init(limit: 3)) == [7, 8, 9], "the latest, in the order in which they happened"
        )
        #expect(try await numbers(.init(after: ids[4], limit: 3)) == [5, 6, 7], "the next")
        #expect(try await numbers(.init(since: Timestamp(now + 7))) == [7, 8, 9])
        #expect(try await numbers(.init(since: Timestamp(now + 5), limit: 2)) == [8, 9], "the latest")
        #expect(
            try await numbers(.init(since: Timestamp(now + 5), after: 0, limit: 2)) == [5, 6], "the first")
        #expect(try await numbers(.init(type: "host.lost")) == [1, 3, 5, 7, 9])
        #expect(try await numbers(.init(host: named("h1"))) == [1, 6])
        #expect(try await numbers(.init(rollout: "r1")) == [1, 4, 7])
        #expect(
            try await numbers(.init(type: "target.ended", host: named("h4"), rollout: "r1", after: 0)) == [4])
        let one = try await store.read { try $0.events(.init(after: ids[3], limit: 1)) }.first
        var expected = events[4]
        expected.id = ids[4]
        #expect(one == expected)
        let pruned = try await store.write { try $0.pruneEvents(keeping: 4) }
        #expect(pruned == 6)
        #expect(try await numbers(.init()) == [6, 7, 8, 9])
        let last = try await store.read { try $0.lastEventID() }
        #expect(last == ids[9])
    }

    private func event(_ number: Int) -> LoggedEvent {
        let type = number % 2 == 0 ? "target.ended" : "host.lost"
        let host: HostName? = number % 5 == 0 ? nil : named("h\(number % 5)")
        let rollout: String? = number < 8 ? "r\(number % 3)" : nil
        return LoggedEvent(
            time: Timestamp(now + Double(number)), type: type, rollout: rollout, host: host,
            subject: number == 4 ? "/v/1" : nil, text: "event \(number)")
    }

    @Test("dead letters: kept once each, listed without their contents")
    func deadLetters() async throws {
        let store = try Store.inMemory()
        let letters = [
            letter("m1", "malformed"), letter("m1", "malformed"), letter("m1", "delivery_limit"),
            letter(nil, "malformed"), letter(nil, "malformed"),
        ]
        try await store.write { [now] unit in for letter in letters { try unit.keep(letter, at: now) } }
        let listed = try await store.read { try $0.deadLetters() }
        #expect(listed.map(\.messageID) == [nil, nil, "m1", "m1"], "the newest first")
        #expect(listed.allSatisfy { $0.body == nil && $0.size == 3 })
        let last = try #require(listed.last)
        let number = try #require(Int64(last.id))
        let whole = try await store.read { try $0.deadLetter(number) }
        #expect(whole?.time == Timestamp(now))
        #expect(whole?.body == "abc")
        let message = try await store.read { try $0.deadMessage(number) }
        #expect(message == letters[0])
        try await store.write { [now] unit in
            try unit.forget(deadLetter: number)
            try unit.keep(letters[0], at: now + 60)
        }
        let again = try await store.read { try $0.deadLetters(limit: 1) }
        #expect(again.map(\.time) == [Timestamp(now + 60)], "one that was sent again may come back")
    }

    private func letter(_ id: String?, _ reason: String) -> DeadLetter {
        DeadLetter(
            reason: reason, queue: "reflow.tasks.a", host: named("a"), messageID: id, body: Array("abc".utf8),
            size: 3
        )
    }

    @Test("audit: who did what, the latest first, page by page")
    func audit() async throws {
        let store = try Store.inMemory()
        let entries: [AuditEntry] = (0..<5).map { number in
            let detail: JSONValue? = number == 2 ? .object(["maxPause": .string("5ms")]) : nil
            return AuditEntry(
                time: Timestamp(now + Double(number)), who: "ada", action: "rollout.set",
                object: "r\(number)",
                detail: detail)
        }
        try await store.write { unit in for entry in entries { try unit.record(entry) } }
        let first = try await store.read { try $0.audit(limit: 3) }
        #expect(first.map(\.object) == ["r4", "r3", "r2"])
        let last = try #require(first.last)
        var expected = entries[2]
        expected.id = last.id
        #expect(last == expected)
        let rest = try await store.read { try $0.audit(before: last.id, limit: 3) }
        #expect(rest.map(\.object) == ["r1", "r0"])
    }
}
