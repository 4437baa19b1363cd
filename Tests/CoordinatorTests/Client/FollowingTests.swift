import DefragTypes
import Rollout
import Support
import Testing

@testable import Coordinator
@testable import ReflowAPI

@Suite("Following", .timeLimit(.minutes(1))) struct FollowingTests {
    /// Follows `november-1` at `path` to its end, telling what it is told.
    private func follow(_ path: String, _ tell: @escaping @Sendable (String) -> Void) async throws {
        try await CoordinatorClient.use(try CoordinatorAddress(path)) { client in
            var following = Following(
                client: client, query: EventQuery(rollout: "november-1"), pause: .milliseconds(10))
            try await following.run { news in
                switch news {
                case .item(.event(let event)): tell("event \(event.id)")
                case .item(.rollout(let rollout)):
                    tell(rollout.phase.rawValue)
                    return !rollout.phase.isEnded
                case .item(.connected): break
                case .away(let why): tell("away: \(why)")
                case .back: tell("back")
                }
                return true
            }
        }
    }

    @Test("outlives a restart of the coordinator, says so, and misses nothing")
    func restart() async throws {
        let path = try RunFolder.subfolder("following") + "/reflow.sock"
        let (told, teller) = AsyncStream.makeStream(of: String.self)
        var words = told.makeAsyncIterator()
        let first = MemoryCore()
        let follower = try await Server.run(core: first, socket: path) { _ in
            await first.happen("rollout.begun", rollout: "november-1")
            let follower = Task { try await follow(path) { teller.yield($0) } }
            var words = told.makeAsyncIterator()
            #expect(await words.next() == "running")
            await first.happen("rollout.a", rollout: "november-1")
            #expect(await words.next() == "event 2")
            return follower
        }
        #expect(await words.next() == "away: it ended the connection")
        // The next process has the same log.
        let second = MemoryCore(log: await first.log)
        await second.happen("rollout.missed", rollout: "november-1")
        try await Server.run(core: second, socket: path) { _ in
            var words = told.makeAsyncIterator()
            #expect(await words.next() == "back")
            #expect(await words.next() == "running")
            #expect(await words.next() == "event 3")
            await second.change { $0.phase = .completed }
            #expect(await words.next() == "completed")
            try await follower.value
        }
    }

    @Test("a coordinator that is not there at the beginning is told at once")
    func absent() async throws {
        let path = try RunFolder.subfolder("following") + "/reflow.sock"
        let error = await #expect(throws: ClientError.self) { try await follow(path) { _ in } }
        #expect(Failure(try #require(error), at: try CoordinatorAddress(path)).status == .unavailable)
    }

    @Test("a rollout that is not there is told at once")
    func unknown() async throws {
        let core = MemoryCore()
        await core.rename("december-1")
        try await Server.run(core: core) { server in
            let error = await #expect(throws: ClientError.self) { try await follow(server.socket) { _ in } }
            guard case .problem(let problem)? = error else {
                Issue.record("\(error as Any)")
                return
            }
            #expect(problem.status == 404)
        }
    }
}
