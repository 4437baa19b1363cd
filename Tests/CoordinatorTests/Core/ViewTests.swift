import Contract
import DefragTypes
import Rollout
import Testing

@testable import Coordinator
@testable import ReflowAPI

@Suite("what operators see of rollouts under way", .timeLimit(.minutes(1))) struct ViewTests {
    @Test("one whose hosts are all taken says by whom, and what holds that one up")
    func waiting() async throws {
        let bench = try await CoreBench()
        try await bench.hear("a", .hostState(.living()))
        let first = try await bench.rollout(of: "a")
        let second = try await bench.rollout(of: "a")
        #expect(try await bench.core.view(of: first).waitsFor == nil)
        #expect(try await bench.core.view(of: second).waitsFor == .init(id: first))
        _ = try await bench.core.pause(first, by: "ada")
        #expect(try await bench.core.view(of: second).waitsFor == .init(id: first, pause: .operator))
    }

    @Test("a host that says that it is paused is shown so")
    func paused() async throws {
        let bench = try await CoreBench()
        try await bench.hear("a", .hostState(.living()))
        let id = try await bench.rollout(of: "a")
        #expect(try await bench.core.hosts(ofRollout: id).map(\.isPaused) == [false])
        try await bench.hear("a", .hostState(.living(mode: .pause)))
        #expect(try await bench.core.hosts(ofRollout: id).map(\.isPaused) == [true])
        #expect(try await bench.core.view(of: id).working.map(\.isPaused) == [true])
    }

    @Test("a host is paused by somebody else where it knows a later word than the coordinator's")
    func pausedElsewhere() async throws {
        let (bench, id) = try await CoreBench.working()
        func isPausedElsewhere() async throws -> [Bool] {
            try await bench.core.view(of: id).working.map(\.isPausedElsewhere)
        }
        _ = try await bench.core.pause(id, by: "ada")
        let own = try #require(try await bench.publish().desires.last).generation
        try await bench.hear("a", .hostState(.living(generation: own, mode: .pause)))
        #expect(try await isPausedElsewhere() == [false])
        _ = try await bench.core.resume(id, by: "ada")
        let resumed = try #require(try await bench.publish().desires.last).generation
        // It has not heard of that yet.
        #expect(try await isPausedElsewhere() == [false])
        try await bench.hear("a", .hostState(.living(generation: resumed + 1, mode: .pause)))
        #expect(try await isPausedElsewhere() == [true])
        try await bench.hear("a", .hostState(.living(generation: resumed + 2, mode: .run)))
        #expect(try await isPausedElsewhere() == [false])
    }

    @Test("one of the same name that is under way is told, until it has ended")
    func namesake() async throws {
        let bench = try await CoreBench()
        try await bench.hear("a", .hostState(.living()))
        let first = try await bench.core.startRollout(spec: CoreBench.spec(["a"]), by: "ada")
        #expect(first.namesake == nil)
        let second = try await bench.core.startRollout(spec: CoreBench.spec(["a"]), by: "ada")
        #expect(second.namesake == first.id)
        _ = try await bench.core.cancel(first.id, by: "ada")
        #expect(try await bench.core.view(of: first.id).phase.isEnded)
        #expect(try await bench.core.view(of: second.id).namesake == nil)
    }

    @Test("a slice of which nothing is heard, an attempt that failed and when the next is made are told")
    func attempts() async throws {
        let bench = try await CoreBench()
        try await bench.hear("a", .hostState(.living()))
        let id = try await bench.rollout(of: "a")
        let slice = try #require(try await bench.publish().last { $0.kind == .slice })
        #expect(try await bench.core.view(of: id).working.map(\.silentSeconds) == [nil])
        bench.jump(45)
        #expect(try await bench.core.view(of: id).working.map(\.silentSeconds) == [45])
        try await bench.answer(slice, .failed)
        let working = try await bench.core.view(of: id).working
        #expect(working.map(\.silentSeconds) == [nil])
        #expect(working.map { $0.nextAttempt != nil } == [true])
        let target = try await bench.core.targets(ofRollout: id, TargetQuery()).items.first
        #expect(target?.state == .backingOff)
        #expect(target?.reason == .ioError)
        #expect(target?.failedAttempts == 1)
        let events = try await bench.core.events(EventQuery(type: "target.attemptFailed", rollout: id))
        #expect(events.count == 1)
    }

    @Test("one is found by its name and by its id, and not by what may mean several")
    func named() async throws {
        let bench = try await CoreBench()
        let first = try await bench.rollout(of: "a")
        let second = try await bench.rollout(of: "a")
        #expect(try await bench.core.rolloutID("test") == second)
        #expect(try await bench.core.rolloutID(first) == first)
        await #expect(
            throws: OperationError.invalid("'2027' may mean several rollouts: \(second), \(first)")
        ) { try await bench.core.rolloutID("2027") }
        await #expect(
            throws: OperationError.notFound("there is no rollout 'x': see 'reflow rollout list'")
        ) { try await bench.core.rolloutID("x") }
    }
}
