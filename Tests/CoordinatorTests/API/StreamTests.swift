import AsyncHTTPClient
import Contract
import DefragTypes
import NIOCore
import NIOHTTP1
import Testing

@testable import Coordinator
@testable import ReflowAPI

@Suite("The stream", .timeLimit(.minutes(1))) struct StreamTests {
    /// The first `count` events of a stream, as ids; `act` is called once it has begun.
    private func ids(
        _ query: EventQuery, _ count: Int, from server: Server, act: @escaping @Sendable () async -> Void = {}
    ) async throws -> [Int64] {
        try await server.ask { client in
            var ids: [Int64] = []
            _ = try await client.follow(query) { news in
                switch news {
                case .connected: await act()
                case .event(let event): ids.append(event.id)
                case .rollout: break
                }
                return ids.count < count
            }
            return ids
        }
    }

    @Test("brings what happens, as it happens")
    func live() async throws {
        let core = MemoryCore()
        try await Server.run(core: core) { server in
            await core.happen("before")
            let seen = try await ids(EventQuery(), 2, from: server) {
                await core.happen("a")
                await core.happen("b")
            }
            #expect(seen == [2, 3])
        }
    }

    @Test("is taken up again where it ended: what was missed comes first, nothing twice")
    func resume() async throws {
        let core = MemoryCore()
        try await Server.run(core: core) { server in
            for _ in 1...2500 { await core.happen("missed") }
            let seen = try await ids(EventQuery(after: 3), 2500, from: server) {
                for _ in 1...3 { await core.happen("live") }
            }
            #expect(seen == Array(4...2503))
        }
    }

    @Test("an id from another log holds nothing back")
    func otherLog() async throws {
        let core = MemoryCore()
        try await Server.run(core: core) { server in
            let seen = try await ids(EventQuery(after: 1000), 1, from: server) { await core.happen("a") }
            #expect(seen == [1])
        }
    }

    @Test("brings only what is asked for")
    func filter() async throws {
        let core = MemoryCore()
        try await Server.run(core: core) { server in
            let query = EventQuery(type: "host", host: Samples.name("alpha"), rollout: "november-1")
            let seen = try await ids(query, 2, from: server) {
                await core.happen("host.lost", rollout: "november-1", host: Samples.name("alpha"))
                await core.happen("hostile", rollout: "november-1", host: Samples.name("alpha"))
                await core.happen("host.lost", rollout: "november-1", host: Samples.name("beta"))
                await core.happen("host.lost", rollout: "november-2", host: Samples.name("alpha"))
                await core.happen("host", rollout: "november-1", host: Samples.name("alpha"))
            }
            #expect(seen == [1, 5])
        }
    }

    @Test("begins with the rollout that is asked for, and tells of its changes")
    func snapshots() async throws {
        let core = MemoryCore()
        try await Server.run(core: core) { server in
            let behind = try await server.ask { client in
                var behind: [Int64] = []
                _ = try await client.follow(EventQuery(rollout: "november-1")) { news in
                    guard case .rollout(let rollout) = news else { return true }
                    behind.append(rollout.bytes.behind.rawValue >> 30)
                    if behind.count == 1 { await core.change { $0.bytes.behind = .gibibytes(50) } }
                    return behind.count < 2
                }
                return behind
            }
            #expect(behind == [25, 50])
        }
    }

    @Test("gives a sign of life when nothing happens")
    func heartbeat() async throws {
        try await Server.run(heartbeat: .milliseconds(20)) { server in
            try await HTTPClient.withHTTPClient { http in
                let response = try await http.execute(
                    HTTPClientRequest(url: try server.address.base + "/v1/stream"), timeout: .seconds(20))
                #expect(response.headers["content-type"] == ["text/event-stream"])
                var text = ""
                for try await piece in response.body {
                    text += String(buffer: piece)
                    if text.count >= 9 { break }
                }
                #expect(text.hasPrefix(":\n\n:\n\n:\n\n"))
            }
        }
    }

    @Test("a reader that does not keep up is cut off, after what was buffered for it")
    func slowReader() async throws {
        let core = MemoryCore(feed: Feed(capacity: 64))
        try await Server.run(core: core) { server in
            try await HTTPClient.withHTTPClient { http in
                let response = try await http.execute(
                    HTTPClientRequest(url: try server.address.base + "/v1/stream"), timeout: .seconds(20))
                // Far more than sockets and buffers hold, while nobody reads.
                let text = String(repeating: "x", count: 100_000)
                var parser = ServerSentEvents()
                var published = 0
                while core.feed.listeners > 0, published < 2000 {
                    published += 1
                    await core.happen("big", text: text)
                    await Task.yield()
                }
                #expect(core.feed.listeners == 0, "cut off after \(published)")
                var read = 0
                for try await piece in response.body {
                    read += try parser.take(piece.readableBytesView).count
                }
                #expect(read < published)
                #expect(read >= 64, "what was buffered is still brought")
            }
        }
    }

    @Test("ends when the server does")
    func end() async throws {
        let core = MemoryCore()
        let (began, continuation) = AsyncStream.makeStream(of: Void.self)
        try await Server.run(core: core) { server in
            try await server.ask { client in
                let isEnough = try await client.follow(EventQuery()) { _ in
                    continuation.yield()
                    core.feed.close()
                    return true
                }
                #expect(!isEnough)
            }
        }
        var iterator = began.makeAsyncIterator()
        #expect(await iterator.next() != nil)
    }
}

@Suite("The feed") struct FeedTests {
    private func ids(_ subscription: Feed.Subscription) async -> [Int64] {
        var ids: [Int64] = []
        for await item in subscription.items {
            if case .event(let event) = item { ids.append(event.id) }
        }
        return ids
    }

    private func event(_ id: Int64) -> Feed.Item {
        .event(LoggedEvent(id: id, time: Samples.time, type: id.isMultiple(of: 2) ? "even" : "odd", text: ""))
    }

    @Test("who is too far behind is cut off, with what there was")
    func cutOff() async {
        let feed = Feed(capacity: 3)
        let slow = feed.subscribe()
        for id in 1...5 { feed.publish(event(Int64(id))) }
        #expect(feed.listeners == 0)
        #expect(await ids(slow) == [1, 2, 3])
    }

    @Test("what a listener does not want takes no room of its")
    func filter() async {
        let feed = Feed(capacity: 3)
        let even = feed.subscribe {
            if case .event(let event) = $0 { event.type == "even" } else { false }
        }
        for id in 1...7 { feed.publish(event(Int64(id))) }
        feed.close()
        #expect(await ids(even) == [2, 4, 6])
        #expect(await ids(feed.subscribe()) == [], "closed for good")
    }
}
