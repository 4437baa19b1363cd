import Contract
import DefragTypes
import Foundation
import Testing

@testable import Coordinator
@testable import ReflowAPI

@Suite("The desired state of hosts", .timeLimit(.minutes(1))) struct DesiredStateTests {
    @Test("a pause is published at once, under a generation beyond the one that the host says it has")
    func generation() async throws {
        let (bench, id) = try await CoreBench.working()
        // Set by a program whose clock is a day ahead.
        let ahead = Int64((bench.now.timeIntervalSince1970 + 86_400) * 1000)
        await bench.hear("a", .hostState(.living(generation: ahead)))
        _ = try await bench.core.pause(id, by: "ada")
        let told = try await bench.publish().desires
        #expect(told == [DesiredState(generation: ahead + 1, mode: .pause)])
        _ = try await bench.core.resume(id, by: "ada")
        #expect(try await bench.publish().desires.map(\.generation) == [ahead + 2])
    }

    @Test("a host that reports an older state is sent it again, but not more often than it can answer")
    func again() async throws {
        var (bench, id) = try await CoreBench.working()
        _ = try await bench.core.pause(id, by: "ada")
        let pause = try #require(try await bench.publish().desires.first)
        await bench.hear("a", .hostState(.living()))
        #expect(try await bench.publish().isEmpty, "what it said may have been on its way")
        try await bench.wait(6)
        await bench.hear("a", .hostState(.living()))
        #expect(try await bench.publish().desires == [pause])
        try await bench.wait(6)
        await bench.hear("a", .hostState(.living(generation: pause.generation, mode: .pause)))
        #expect(try await bench.publish().isEmpty)
        // The coordinator knows its desired state after a restart.
        try await bench.restart()
        await bench.hear("a", .hostState(.living()))
        #expect(try await bench.publish().desires == [pause])
    }

    @Test("what was given when this clock was far ahead, and no host takes, is given anew")
    func clockSetBack() async throws {
        let (bench, id) = try await CoreBench.working()
        bench.jump(3 * 86_400)
        _ = try await bench.core.pause(id, by: "ada")
        let far = try #require(try await bench.publish().desires.first)
        bench.jump(-3 * 86_400 + 60)
        await bench.hear("a", .hostState(.living()))
        let told = try #require(try await bench.publish().desires.first)
        #expect(told.mode == .pause)
        #expect(told.generation < far.generation)
        #expect(throws: Never.self) { try told.check(at: Int64(bench.now.timeIntervalSince1970 * 1000)) }
    }

    @Test("a host that is paused by what cannot be right is told what is wanted of it")
    func pausedForGood() async throws {
        let (bench, id) = try await CoreBench.working()
        _ = try await bench.core.pause(id, by: "ada")
        _ = try await bench.core.resume(id, by: "ada")
        let wanted = try #require(try await bench.publish().desires.last)
        try await bench.wait(6)
        await bench.hear("a", .hostState(.living(generation: 0, mode: .pause)))
        #expect(try await bench.publish().desires == [wanted])
    }

    @Test("what was revoked is sent again too, but not to a worker that knows nothing yet")
    func takenBack() async throws {
        let (bench, id) = try await CoreBench.working()
        _ = try await bench.core.set(["maxPause": "5ms"], ofRollout: id, by: "ada")
        let policy = try #require(try await bench.publish().desires.first)
        _ = try await bench.core.cancel(id, by: "ada")
        try await bench.wait(1)
        let slice = SliceFinished(task: "\(id)-0-1", job: id, result: DefragResult(path: "/", status: .done))
        await bench.hear("a", .sliceFinished(slice))
        let none = try #require(try await bench.publish().desires.last)
        #expect(none.mode == .run)
        #expect(none.policy == PolicyOverrides())
        try await bench.wait(6)
        await bench.hear("a", .hostState(.living()))
        #expect(try await bench.publish().isEmpty, "it has restarted, and is as it should be")
        await bench.hear("a", .hostState(.living(generation: policy.generation)))
        #expect(try await bench.publish().desires == [none])
    }

    // MARK: - Holds

    private func state(
        _ hold: Hold?, mode: DesiredState.Mode = .run, generation: Int64 = 0, isOld: Bool = false
    )
        -> HostState
    {
        var said = HostState.living(generation: generation, mode: mode)
        (said.instance, said.hold) = (isOld ? nil : "one", hold)
        return said
    }

    @Test(
        "a held host is told so until it says that it knows; nothing of a rollout lifts that, nor a restart")
    func held() async throws {
        var (bench, id) = try await CoreBench.working()
        await bench.hear("a", .hostState(state(nil)))
        let status = try await bench.core.hold(named("a"), why: "disk 3", by: "ada")
        #expect(status.hold?.why == "disk 3")
        #expect(!status.hasHeardOfHold)
        let hold = try #require(try await bench.publish().desires.first?.hold)
        #expect(hold.isHeld)
        #expect(hold.by == "ada")
        _ = try await bench.core.set(["duty": "40%"], ofRollout: id, by: "eve")
        #expect(
            try await bench.publish().desires.map(\.hold) == [hold], "what its queue keeps last says it, too")
        try await bench.wait(6)
        await bench.hear("a", .hostState(state(nil)))
        #expect(try await bench.publish().desires.map(\.hold) == [hold])
        try await bench.restart()
        await bench.reachBroker()
        #expect(await bench.core.hosts().first?.hold == hold)
        let generation = await bench.core.desired[named("a")]?.generation ?? 0
        await bench.hear("a", .hostState(state(hold, generation: generation)))
        #expect(await bench.core.hosts().first?.hasHeardOfHold == true)
        let slice = SliceFinished(
            task: "\(id)-0-1", job: id,
            result: DefragResult(path: "/", status: .partial, reason: .paused))
        await bench.hear("a", .sliceFinished(slice))
        await bench.hear("a", .hostState(state(hold, generation: generation)))
        try await bench.wait(60, hearing: "a")
        #expect(try await bench.publish().filter { $0.kind == .slice }.isEmpty)
        _ = try await bench.core.release(named("a"), why: "", by: "ada")
        let sent = try await bench.publish()
        #expect(sent.contains { $0.kind == .slice })
        let told = try sent.desires
        #expect(!told.isEmpty)
        #expect(told.allSatisfy { $0.hold?.isHeld == false })
        #expect(told.allSatisfy { $0.hold?.generation ?? 0 > hold.generation })
        let audit = try await bench.core.audit(before: nil, limit: 10).items.map(\.action)
        #expect(audit.contains("host.hold"))
        #expect(audit.contains("host.release"))
        #expect(try bench.log.contains("ada holds host a: disk 3"))
    }

    @Test("a hold that was made without the coordinator is taken over, told and in the audit, once")
    func adopted() async throws {
        var (bench, id) = try await CoreBench.working()
        let hold = Hold(
            generation: 1_800_000_000_000, isHeld: true, since: .now, by: "eve@host (reflow control)",
            why: "fire")
        let paused = state(hold, mode: .pause, generation: 1_800_000_000_000)
        for _ in 0..<3 { await bench.hear("a", .hostState(paused)) }
        #expect(await bench.core.hosts().first?.hold == hold)
        #expect(try await bench.core.rollout(id).held?.hold == hold)
        #expect(try bench.log.count { $0.contains("eve@host (reflow control) holds host a: fire") } == 1)
        #expect(
            try await bench.core.audit(before: nil, limit: 10).items.count { $0.action == "host.hold" } == 1)
        try await bench.restart()
        #expect(await bench.core.hosts().first?.hold == hold)
        // The release lifts also the pause that came with it.
        _ = try await bench.core.release(named("a"), why: "", by: "ada")
        #expect(try await bench.publish().desires.last?.hold?.isHeld == false)
        try await bench.wait(6)
        await bench.hear("a", .hostState(paused))
        let told = try #require(try await bench.publish().desires.last)
        #expect(told.mode == .run)
        #expect(told.generation > paused.generation)
        #expect(told.hold?.isHeld == false)
    }

    @Test("a worker that knows no holds is paused, and again where it goes on by itself")
    func oldWorker() async throws {
        let (bench, id) = try await CoreBench.working()
        await bench.hear("a", .hostState(state(nil, isOld: true)))
        _ = try await bench.core.hold(named("a"), why: "disk 3", by: "ada")
        let first = try #require(try await bench.publish().desires.first)
        #expect(first.mode == .pause)
        _ = try await bench.core.set(["duty": "40%"], ofRollout: id, by: "eve")
        #expect(try await bench.publish().desires.map(\.mode) == [.pause])
        try await bench.wait(6)
        await bench.hear("a", .hostState(state(nil, isOld: true)))
        let again = try #require(try await bench.publish().desires.first)
        #expect(again.mode == .pause)
        await bench.hear("a", .hostState(state(nil, mode: .pause, generation: again.generation, isOld: true)))
        #expect(await bench.core.hosts().first?.hasHeardOfHold == true)
        _ = try await bench.core.release(named("a"), why: "", by: "ada")
        let released = try #require(try await bench.publish().desires.first)
        #expect(released.mode == .run)
        #expect(released.generation > again.generation)
    }
}
