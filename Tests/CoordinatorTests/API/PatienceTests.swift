import Contract
import Foundation
import Logging
import Rollout
import Support
import Testing

@testable import Coordinator
@testable import ReflowAPI

@Suite("What is asked of a core that stands still", .timeLimit(.minutes(1))) struct PatienceTests {
    /// What `work` is answered instead of what it asks for.
    private func problem(_ work: () async throws -> some Any) async -> Problem? {
        do { _ = try await work() } catch ClientError.problem(let problem) { return problem } catch {}
        return nil
    }

    @Test("is answered at once, reads and orders alike, with the reason")
    func atOnce() async throws {
        let core = MemoryCore()
        try await Server.run(core: core) { server in
            let stuck = StuckThread()
            stuck.begin(core.health, at: .deciding)
            defer { stuck.goOn() }
            while core.health.standstill() == nil { try await Task.sleep(for: .milliseconds(20)) }
            try await server.ask { client in
                let read = await problem { try await client.get("/v1/hosts") as Listing<HostStatus> }
                #expect(read?.status == 503)
                #expect(read?.type == "urn:reflow:problem:stalled")
                #expect(read?.detail?.contains("at one step for") == true)
                let order = await problem {
                    try await client.post("/v1/rollouts/november-1/pause") as RolloutStatus
                }
                #expect(order?.detail?.contains("Nothing was done") == true)
            }
            #expect(await core.entries.isEmpty)
        }
    }

    @Test("an order that waits is withdrawn: when its turn comes, it is not carried out")
    func withdrawn() async throws {
        let core = MemoryCore()
        let stuck = StuckThread()
        await core.wait(for: stuck)
        try await Server.run(core: core) { server in
            try await server.ask { client in
                let order = await problem { try await client.post("/v1/rollouts", spec: "") as RolloutStatus }
                #expect(order?.detail?.contains("has not answered") == true)
                #expect(order?.detail?.contains("Nothing was done") == true)
            }
            stuck.goOn()
            try await core.turn()
            #expect(await core.all.count == 1)
        }
    }

    @Test("an order that was begun is said to have been")
    func begun() async throws {
        let core = MemoryCore()
        let stuck = StuckThread()
        await core.wait(for: stuck, isBegun: true)
        try await Server.run(core: core) { server in
            try await server.ask { client in
                let order = await problem { try await client.post("/v1/rollouts", spec: "") as RolloutStatus }
                #expect(order?.detail?.contains("has begun") == true)
            }
            stuck.goOn()
            try await core.turn()
            #expect(await core.all.count == 2)
        }
    }

    @Test("with the disk frozen: 503 within seconds, and when it goes on, nothing of it was done")
    func frozen() async throws {
        let disk = try LoopXFS(mebibytes: 320)
        defer { disk.close() }
        let store = try Store(path: disk.file("reflow.db"))
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let core = Core(store: store, fleet: Fleet(lostAfter: 60), log: logger)
        await core.start()
        await core.take([
            .back(.link(.publishing)), .back(.link(.consuming)),
            .heard(named("a"), .hostState(.living()), id: nil, nil),
        ])
        let socket = try RunFolder.subfolder("api") + "/reflow.sock"
        let server = APIServer(
            core: core, listeners: .init(socket: socket), tokens: TokenList([]), logger: logger)
        let (ready, isReady) = AsyncStream.makeStream(of: Void.self)
        let serving = Task { try await server.run { _ in isReady.yield() } }
        defer { serving.cancel() }
        for await _ in ready { break }
        let spec = "name: frozen\ntargets: {hosts: [a], paths: [/srv/*]}\n"
        try Tool.run("xfs_freeze", "-f", disk.path)
        defer { _ = try? Tool.run("xfs_freeze", "-u", disk.path) }
        try await CoordinatorClient.use(CoordinatorAddress(socket)) { client in
            // The first one is what finds out; the core had nothing to store.
            for _ in 0..<2 {
                let order = await problem {
                    try await client.post("/v1/rollouts", spec: spec) as RolloutStatus
                }
                #expect(order?.status == 503)
                #expect(order?.detail?.contains("Nothing was done") == true, "\(order?.detail ?? "")")
            }
            try Tool.run("xfs_freeze", "-u", disk.path)
            var rollouts: Listing<RolloutStatus>?
            while rollouts == nil {
                rollouts = try? await client.get("/v1/rollouts")
                try await Task.sleep(for: .milliseconds(20))
            }
            // Its turn has come by now.
            await core.take([.tick])
            #expect(try await core.rollouts().isEmpty)
            _ = try await client.post("/v1/rollouts", spec: spec) as RolloutStatus
        }
    }
}
