import Contract
import DefragTypes
import Foundation
import Testing

@testable import Coordinator

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
}
