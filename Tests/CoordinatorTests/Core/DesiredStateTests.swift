import Contract
import DefragTypes
import Foundation
import Testing

@testable import Coordinator

@Suite("What hosts are told", .timeLimit(.minutes(1))) struct DesiredStateTests {
    @Test("a pause is published at once, under a generation beyond the one that the host says it has")
    func generation() async throws {
        let (bench, id) = try await CoreBench.working()
        // Told so by somebody whose clock is a day ahead.
        let ahead = Int64((bench.now.timeIntervalSince1970 + 86_400) * 1000)
        try await bench.hear("a", .hostState(.living(generation: ahead)))
        _ = try await bench.core.pause(id, by: "ada")
        let told = try await bench.publish().desires
        #expect(told == [DesiredState(generation: ahead + 1, mode: .pause)])
        _ = try await bench.core.resume(id, by: "ada")
        #expect(try await bench.publish().desires.map(\.generation) == [ahead + 2])
    }

    @Test("whoever says that it knows an older state is told again, but not more often than it can answer")
    func again() async throws {
        var (bench, id) = try await CoreBench.working()
        _ = try await bench.core.pause(id, by: "ada")
        let pause = try #require(try await bench.publish().desires.first)
        try await bench.hear("a", .hostState(.living()))
        #expect(try await bench.publish().isEmpty, "what it said may have been on its way")
        try await bench.wait(6)
        try await bench.hear("a", .hostState(.living()))
        #expect(try await bench.publish().desires == [pause])
        try await bench.wait(6)
        try await bench.hear("a", .hostState(.living(generation: pause.generation, mode: .pause)))
        #expect(try await bench.publish().isEmpty)
        // The coordinator knows after a restart what it has wanted.
        try await bench.restart()
        try await bench.hear("a", .hostState(.living()))
        #expect(try await bench.publish().desires == [pause])
    }

    @Test("what was taken back is told again too, but not to a worker that knows nothing yet")
    func takenBack() async throws {
        let (bench, id) = try await CoreBench.working()
        _ = try await bench.core.set(["maxPause": "5ms"], ofRollout: id, by: "ada")
        let policy = try #require(try await bench.publish().desires.first)
        _ = try await bench.core.cancel(id, by: "ada")
        try await bench.wait(1)
        let slice = SliceFinished(task: "\(id)-0-1", job: id, result: DefragResult(path: "/", status: .done))
        try await bench.hear("a", .sliceFinished(slice))
        let none = try #require(try await bench.publish().desires.last)
        #expect(none.mode == .run)
        #expect(none.policy == PolicyOverrides())
        try await bench.wait(6)
        try await bench.hear("a", .hostState(.living()))
        #expect(try await bench.publish().isEmpty, "it has restarted, and is as it should be")
        try await bench.hear("a", .hostState(.living(generation: policy.generation)))
        #expect(try await bench.publish().desires == [none])
    }
}
