import AsyncHTTPClient
import Contract
import DefragTypes
import NIOCore
import NIOHTTP1
import Rollout
import Synchronization
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
        try await Server.run(streams: .init(heartbeat: .milliseconds(20))) { server in
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

    /// Opens a stream over all events, and lends its unread body to `work`.
    private func unread(
        _ server: Server, _ work: (HTTPClientResponse.Body) async throws -> Void
    ) async throws {
        let base = try server.address.base
        try await HTTPClient.withHTTPClient { http in
            let response = try await http.execute(
                HTTPClientRequest(url: base + "/v1/stream"), timeout: .seconds(20))
            try await work(response.body)
        }
    }

    @Test(
        "a reader that falls far behind loses nothing, however much happens at once",
        arguments: [1500, 20_000])
    func farBehind(count: Int) async throws {
        let core = MemoryCore()
        try await Server.run(core: core) { server in
            try await unread(server) { body in
                for _ in 0..<count { await core.happen("target.done") }
                var parser = ServerSentEvents()
                var ids: [String?] = []
                for try await piece in body {
                    ids += try parser.take(piece.readableBytesView).map(\.id)
                    if ids.count == count { break }
                }
                #expect(ids == (1...count).map { "\($0)" })
            }
        }
    }

    @Test("a reader that takes nothing for too long is cut off")
    func stuckReader() async throws {
        let core = MemoryCore()
        try await Server.run(core: core, streams: .init(patience: .milliseconds(200))) { server in
            try await unread(server) { body in
                // Far more than sockets and buffers hold, while nobody reads.
                let text = String(repeating: "x", count: 100_000)
                for _ in 0..<150 { await core.happen("big", text: text) }
                while core.feed.listeners > 0 { try await Task.sleep(for: .milliseconds(10)) }
                var parser = ServerSentEvents()
                var read = 0
                // The connection breaks off in the middle.
                await #expect(throws: (any Error).self) {
                    for try await piece in body { read += try parser.take(piece.readableBytesView).count }
                }
                #expect(read < 150)
            }
        }
    }

    @Test("the end of a rollout comes after all that has happened in it, also when it ended before")
    func endIsLast() async throws {
        let core = MemoryCore()
        try await Server.run(core: core) { server in
            for _ in 0..<1500 { await core.happen("target.done", rollout: "november-1") }
            await core.change { $0.phase = .completed }
            try await server.ask { client in
                var events = 0
                _ = try await client.follow(EventQuery(rollout: "november-1", after: 0)) { news in
                    switch news {
                    case .connected: return true
                    case .event: events += 1
                    case .rollout(let rollout): return !rollout.phase.isEnded
                    }
                    return true
                }
                #expect(events == 1500)
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
    private func event(_ id: Int64) -> Feed.Item {
        .event(LoggedEvent(id: id, time: Samples.time, type: id.isMultiple(of: 2) ? "even" : "odd", text: ""))
    }

    private func status(_ id: String, failures: Int) -> Feed.Item {
        var rollout = Samples.rollout
        (rollout.id, rollout.failures) = (id, failures)
        return .rollout(rollout)
    }

    @Test("wakes once until it is asked, and keeps the latest of each rollout")
    func coalesced() {
        let feed = Feed()
        let wakes = Mutex(0)
        let subscription = feed.subscribe { wakes.withLock { $0 += 1 } }
        for id in 1...5000 { feed.publish(event(Int64(id))) }
        for failures in 1...5000 {
            feed.publish(status("a", failures: failures))
            feed.publish(status("b", failures: -failures))
        }
        #expect(wakes.withLock { $0 } == 1)
        let news = subscription.take()
        #expect(news.hasEvents)
        #expect(news.rollouts.mapValues(\.failures) == ["a": 5000, "b": -5000])
        #expect(subscription.take().isEmpty)
        feed.publish(event(5001))
        #expect(wakes.withLock { $0 } == 2)
    }

    @Test("does not wake a listener for what it does not want, nor one that has cancelled")
    func filter() {
        let feed = Feed()
        let wakes = Mutex(0)
        let even = feed.subscribe {
            if case .event(let event) = $0 { event.type == "even" } else { false }
        } wake: {
            wakes.withLock { $0 += 1 }
        }
        feed.publish(event(1))
        feed.publish(status("a", failures: 1))
        #expect(even.take().isEmpty)
        feed.publish(event(2))
        #expect(even.take().hasEvents)
        even.cancel()
        feed.publish(event(4))
        #expect(wakes.withLock { $0 } == 1)
        #expect(feed.listeners == 0)
    }

    @Test("closed, it tells everybody, and each who comes later")
    func closed() {
        let feed = Feed()
        let wakes = Mutex(0)
        let before = feed.subscribe { wakes.withLock { $0 += 1 } }
        feed.close()
        let later = feed.subscribe { wakes.withLock { $0 += 1 } }
        #expect(wakes.withLock { $0 } == 2)
        for subscription in [before, later] {
            #expect(subscription.take().isClosed)
            #expect(subscription.take().isClosed, "for good")
        }
    }
}
