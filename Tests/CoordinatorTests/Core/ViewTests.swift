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
        await bench.hear("a", .hostState(.living()))
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
        await bench.hear("a", .hostState(.living()))
        let id = try await bench.rollout(of: "a")
        #expect(try await bench.core.hosts(ofRollout: id).map(\.isPaused) == [false])
        await bench.hear("a", .hostState(.living(mode: .pause)))
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
        await bench.hear("a", .hostState(.living(generation: own, mode: .pause)))
        #expect(try await isPausedElsewhere() == [false])
        _ = try await bench.core.resume(id, by: "ada")
        let resumed = try #require(try await bench.publish().desires.last).generation
        // It has not heard of that yet.
        #expect(try await isPausedElsewhere() == [false])
        await bench.hear("a", .hostState(.living(generation: resumed + 1, mode: .pause)))
        #expect(try await isPausedElsewhere() == [true])
        await bench.hear("a", .hostState(.living(generation: resumed + 2, mode: .run)))
        #expect(try await isPausedElsewhere() == [false])
    }

    @Test("a host that cannot consume is told, where it waits and where it is asked, and in events")
    func deaf() async throws {
        let bench = try await CoreBench()
        await bench.hear("a", deaf: "403")
        let id = try await bench.rollout(of: "a", silent: ["a"])
        let view = try await bench.core.view(of: id)
        #expect(view.hosts.surveying == 1)
        #expect(RolloutLines(rollout: view, width: 100).obstacle == "  host a cannot consume its tasks: 403")
        #expect(view.deaf == .init(name: Samples.name("a"), why: "403", count: 1))
        #expect(try await bench.core.hosts(ofRollout: id).map(\.deaf) == ["403"])
        for _ in 0..<4 {
            try await bench.wait(10)
            await bench.hear("a", deaf: "403")
        }
        await bench.hear("a", deaf: nil)
        #expect(try await bench.core.view(of: id).deaf == nil)
        let events = try await bench.core.events(EventQuery(type: "host"))
        #expect(events.map(\.type) == ["host.deaf", "host.hears"])
        #expect(events[0].text == "host a lives but cannot consume its queue: 403")
    }

    @Test("that a host could not consume before the coordinator began, or for a moment, is told of nothing")
    func deafBefore() async throws {
        var bench = try await CoreBench()
        await bench.hear("a", deaf: "403")
        let id = try await bench.rollout(of: "a", silent: ["a"])
        // What it says of itself is written down.
        try await bench.wait(20)
        await bench.hear("a", deaf: "403")
        try await bench.wait(1)
        try await bench.restart()
        await bench.reachBroker()
        #expect(await bench.core.hosts().first?.state?.deaf == "403")
        #expect(try await bench.core.view(of: id).deaf == nil)
        #expect(try await bench.core.hosts(ofRollout: id).map(\.deaf) == [nil])
        let request = SurveyRequest(hosts: [Samples.name("a")], paths: ["/srv/*"], top: 20)
        let survey = try await bench.core.startSurvey(request, by: "ada").id
        await bench.hear("a", deaf: "403")
        #expect(try await bench.core.view(of: id).deaf?.why == "403")
        #expect(try await bench.core.survey(survey).hosts.map(\.state) == [.asked])
        try await bench.wait(29)
        await bench.hear("a", deaf: "403")
        #expect(try await bench.core.survey(survey).hosts.map(\.state) == [.asked])
        try await bench.wait(1)
        #expect(try await bench.core.survey(survey).hosts.map(\.state) == [.failed])
    }

    @Test("a slice that its host has not begun is told, with the job that it is at work for")
    func queued() async throws {
        let bench = try await CoreBench()
        await bench.hear("a", .hostState(.living()))
        let id = try await bench.rollout(of: "a")
        let slice = try #require(try await bench.publish().last { $0.kind == .slice })
        var said = HostState.living()
        said.accepted = [try #require(slice.task)]
        said.running = [
            .init(
                task: "job-1-0-1", job: "job-1", path: "/srv/x", offset: .zero, size: .zero, rewritten: .zero,
                maxPauseMs: 0, seconds: 1)
        ]
        await bench.hear("a", .hostState(said))
        #expect(try await bench.core.view(of: id).working.map(\.queuedSeconds) == [nil])
        try await bench.wait(20)
        await bench.hear("a", .hostState(said))
        #expect(try await bench.core.view(of: id).working.map(\.queuedSeconds) == [20])
        #expect(try await bench.core.view(of: id).working.map(\.otherJobs) == [["job-1"]])
    }

    @Test("hosts are told when they were heard: not in the future, and not as now after a restart")
    func lastHeard() async throws {
        var bench = try await CoreBench()
        func told() async -> (heard: [Timestamp?], isFromBefore: [Bool?]) {
            let hosts = await bench.core.hosts()
            return (hosts.map(\.lastHeard), hosts.map(\.isFromBefore))
        }
        await bench.hear("a", .hostState(.living()))
        // One that has only answered so far.
        await bench.hear("b", .unknown(type: "x"))
        let heard = Timestamp(bench.now)
        #expect(await told() == ([heard, heard], [nil, nil]))
        bench.jump(20)
        await bench.take(.away(.link(.consuming), "x"))
        await bench.reachBroker()
        #expect(await told() == ([heard, heard], [nil, nil]))
        bench.jump(3600)
        try await bench.restart()
        await bench.reachBroker()
        #expect(await told() == ([heard, heard], [true, true]))
        await bench.hear("a", .hostState(.living()))
        #expect(await told() == ([Timestamp(bench.now), heard], [nil, true]))
    }

    @Test("what another worker refuses under a host's name does not end a file")
    func otherWorker() async throws {
        let bench = try await CoreBench()
        func hear(_ instance: String) async {
            var said = HostState.living()
            said.instance = instance
            await bench.hear("a", .hostState(said))
        }
        for instance in ["A", "B", "A"] { await hear(instance) }
        let id = try await bench.rollout(of: "a")
        let slice = try #require(try await bench.publish().last { $0.kind == .slice })
        await bench.hear(
            "a",
            .sliceFinished(
                .init(
                    task: try #require(slice.task), job: id,
                    result: DefragResult(path: "/srv/0", status: .skipped, reason: .notFound))))
        let target = try await bench.core.targets(ofRollout: id, TargetQuery()).items.first
        #expect(target?.state == .backingOff)
        #expect(target?.reason == .notAsSurveyed)
        #expect(try bench.log.contains { $0.contains("do two workers speak under its name") })
        #expect(try await bench.core.view(of: id).phase == .running)
    }

    @Test("one of the same name that is under way is told, until it has ended")
    func namesake() async throws {
        let bench = try await CoreBench()
        await bench.hear("a", .hostState(.living()))
        let first = try await bench.core.startRollout(spec: CoreBench.spec(["a"]), by: "ada")
        #expect(first.namesake == nil)
        await #expect(
            throws: OperationError.underWay("another rollout called 'test' is under way: \(first.id)")
        ) {
            try await bench.core.startRollout(spec: CoreBench.spec(["a"]), by: "ada")
        }
        let second = try await bench.core.startRollout(spec: CoreBench.spec(["a"]), again: true, by: "ada")
        #expect(second.namesake == first.id)
        _ = try await bench.core.cancel(first.id, by: "ada")
        #expect(try await bench.core.view(of: first.id).phase.isEnded)
        #expect(try await bench.core.view(of: second.id).namesake == nil)
    }

    @Test("a slice of which nothing is heard, an attempt that failed and when the next is made are told")
    func attempts() async throws {
        let bench = try await CoreBench()
        await bench.hear("a", .hostState(.living()))
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
