import Contract
import DefragTypes
import Foundation
import GRDB
import Rollout
import Synchronization
import Testing

@testable import Coordinator
@testable import ReflowAPI

@Suite("The core", .timeLimit(.minutes(1))) struct CoreTests {
    @Test("carries a rollout out, and takes it up where it was stored")
    func rollout() async throws {
        var bench = try await CoreBench()
        await bench.hear("a", .hostState(.living()))
        let id = try await bench.rollout(of: "a", files: 2)
        let first = try #require(await bench.core.outgoing(most: .max).first)
        #expect(first.kind == .slice)
        try await bench.restart()
        #expect(try await bench.publish() == [first], "what was not published is published by the next")
        try await bench.restart()
        try await bench.answer(first)
        let second = try #require(try await bench.publish().first)
        #expect(second.task != first.task)
        try await bench.answer(second)
        #expect(try await bench.core.rollout(id).phase == .completed)
        #expect(try bench.log.last == "the rollout is completed")
    }

    @Test("gives a slice what the one before has answered, also after a restart")
    func state() async throws {
        var bench = try await CoreBench()
        await bench.hear("a", .hostState(.living()))
        let id = try await bench.rollout(of: "a")
        func slice() async throws -> (task: String, SliceTask) {
            let message = try #require(try await bench.publish().first { $0.kind == .slice })
            guard case .slice(let slice) = try Contract.Message<HostTask>(json: message.body).body else {
                throw StoreError(.unknown, "no slice")
            }
            return (try #require(message.task), slice)
        }
        var (task, sent) = try await slice()
        #expect(sent.state == nil)
        for extents in [300, 200] {
            var result = DefragResult(path: "/srv/0", status: .partial, reason: .timeLimit)
            result.nextOffset = ByteCount(1000 - extents)
            var state = SliceState()
            (state.inode, state.extents, state.unshareBudgetLeft) = (1, extents, ByteCount(extents))
            await bench.hear(
                "a", .sliceFinished(.init(task: task, job: id, result: result, state: state)))
            if extents == 200 { try await bench.restart() }
            (task, sent) = try await slice()
            #expect(sent.state == state)
            #expect(sent.policy.unshareBudget == state.unshareBudgetLeft)
        }
    }

    @Test("takes an event in once, however often it is delivered, and lets the broker forget it each time")
    func twice() async throws {
        let bench = try await CoreBench()
        await bench.hear("a", .hostState(.living()))
        let id = try await bench.rollout(of: "a")
        let slice = try #require(try await bench.publish().first)
        let settled = Mutex(0)
        let failed = CoreInput.heard(
            named("a"),
            .sliceFinished(
                .init(
                    task: try #require(slice.task), job: id,
                    result: DefragResult(path: "/", status: .failed, reason: .ioError))),
            id: "1", .init { settled.withLock { $0 += 1 } })
        await bench.take(failed, failed)
        await bench.take(failed)
        #expect(settled.withLock { $0 } == 3)
        let results = try await bench.core.targets(ofRollout: id, .init(limit: 10)).items
        #expect(results.map(\.slices) == [1])
        #expect(results.map(\.state) == [.backingOff])
    }

    @Test("a host that is silent is lost, and returns as soon as it is heard")
    func silence() async throws {
        let bench = try await CoreBench()
        await bench.hear("a", .hostState(.living()))
        await bench.hear("b", .hostState(.living()))
        try await bench.wait(Int(CoreBench.lostAfter) + 1, hearing: "b")
        #expect(await bench.core.hosts().map(\.isLost) == [true, false])
        await bench.hear("a", .progress(.init(running: [])))
        #expect(await bench.core.hosts().map(\.isLost) == [false, false])
        #expect(try bench.log == ["host a has been silent for too long", "host a is heard again"])
    }

    @Test("a clock that jumps, or a process that stood still, makes nobody lost", arguments: [3600.0, -3600])
    func clock(seconds: TimeInterval) async throws {
        let bench = try await CoreBench()
        await bench.hear("a", .hostState(.living()))
        try await bench.wait(1)
        bench.jump(seconds)
        try await bench.wait(Int(CoreBench.lostAfter) - 2)
        #expect(await bench.core.hosts().map(\.isLost) == [false])
        // And it is found out as ever.
        try await bench.wait(3)
        #expect(await bench.core.hosts().map(\.isLost) == [true])
    }

    @Test("nor does it use up the patience with what is out", arguments: [3600.0, -3600])
    func patience(seconds: TimeInterval) async throws {
        let bench = try await CoreBench()
        await bench.hear("a", .hostState(.living()))
        let id = try await bench.rollout(of: "a")
        try await bench.wait(1)
        bench.jump(seconds)
        func state() async throws -> [TargetPhase] {
            try await bench.core.targets(ofRollout: id, .init(limit: 1)).items.map(\.state)
        }
        // Twice a slice and two minutes: once over, not an hour later.
        try await bench.wait(239, hearing: "a")
        #expect(try await state() == [.inFlight])
        try await bench.wait(2, hearing: "a")
        #expect(try await state() == [.backingOff])
    }

    @Test("a dead letter counts for the host whose task it was, and no other's")
    func deadLetter() async throws {
        let bench = try await CoreBench()
        for host in ["a", "b"] { await bench.hear(host, .hostState(.living())) }
        let id = try await bench.rollout(of: "a", "b")
        let slice = try #require(try await bench.publish().first { $0.host == "a" })
        let letter = DeadLetter(reason: "malformed", messageID: slice.task, body: [], size: 0)
        func states() async throws -> [TargetPhase] {
            try await bench.core.targets(ofRollout: id, .init(limit: 10)).items.map(\.state)
        }
        // Not believed at all; believed of another.
        for host in [nil, named("b")] { await bench.take(.dead(letter, host, .init(settle: {}))) }
        #expect(try await states() == [.inFlight, .inFlight])
        await bench.take(.dead(letter, named("a"), .init(settle: {})))
        #expect(try await states() == [.backingOff, .inFlight])
        #expect(try await bench.core.deadLetters().count == 1, "kept once")
    }

    @Test("an operator's survey fails by its own task")
    func survey() async throws {
        let bench = try await CoreBench()
        for host in ["a", "b"] { await bench.hear(host, .hostState(.living())) }
        _ = try await bench.rollout(of: "a")
        let slice = try #require(try await bench.publish().first)
        let request = SurveyRequest(hosts: [named("a"), named("b")], paths: ["/srv/*"], top: 20)
        let id = try await bench.core.startSurvey(request, by: "ada").id
        let tasks = try await bench.publish()
        await bench.core.published([(slice, "could not be sent a task")])
        #expect(try await bench.core.survey(id).hosts.map(\.state) == [.asked, .asked])
        await bench.core.published([(tasks[0], "has no task queue")])
        let letter = DeadLetter(reason: "delivery_limit", messageID: tasks[1].task, body: [], size: 0)
        await bench.take(.dead(letter, named("b"), .init(settle: {})))
        let survey = try await bench.core.survey(id)
        #expect(survey.isComplete)
        #expect(
            survey.hosts.map(\.message) == [
                "a has no task queue", "b could not handle the survey: delivery_limit",
            ])
    }

    @Test("a host that was only ever named is not remembered")
    func slip() async throws {
        let bench = try await CoreBench()
        await bench.hear("web-01", .hostState(.living()))
        _ = try await bench.core.startPlan(spec: CoreBench.spec(["web-o1"]), by: "ada")
        try await bench.wait(Int(CoreBench.lostAfter) + 1, hearing: "web-01")
        #expect(await bench.core.hosts().map(\.isLost) == [false, true])
        #expect(try bench.store.readNow { try $0.fleet() }.map(\.name) == [named("web-01")])
    }

    @Test("whoever watches sees the end as it is, be it time that ends it")
    func lastView() async throws {
        let bench = try await CoreBench()
        await bench.hear("a", .hostState(.living()))
        let id = try await bench.rollout(of: "a", files: 2)
        try await bench.wait(Int(CoreBench.lostAfter) + 890)
        let feed = bench.core.feed.subscribe {}
        try await bench.wait(30)
        let end = feed.take().rollouts[id]
        #expect(end?.phase.isEnded == true)
        #expect(end?.targets.failed == 2)
        #expect(end?.hosts.givenUp == 1)
    }

    @Test("nobody is asked while the broker is away, and watchers are told")
    func brokerAway() async throws {
        let bench = try await CoreBench()
        await bench.hear("a", .hostState(.living()))
        let id = try await bench.rollout(of: "a")
        await bench.take(.away(.link(.consuming), "refused"))
        #expect(try await bench.core.rollout(id).brokerTrouble?.contains("refused") == true)
        let request = SurveyRequest(hosts: [named("a")], paths: ["/srv/*"], top: 1)
        let away = OperationError.brokerAway("the broker is away: refused: no host can be asked")
        await #expect(throws: away) { try await bench.core.startSurvey(request, by: "ada") }
        await #expect(throws: away) {
            try await bench.core.startPlan(spec: CoreBench.spec(["a"]), by: "ada")
        }
        // What is wrong with a specification is told all the same.
        let wrong = await #expect(throws: OperationError.self) {
            try await bench.core.startPlan(spec: "name: a", by: "ada")
        }
        guard case .invalidSpec = wrong else {
            Issue.record("\(String(describing: wrong))")
            return
        }
        await bench.take(.back(.link(.consuming)))
        #expect(try await bench.core.rollout(id).brokerTrouble == nil)
        _ = try await bench.core.startSurvey(request, by: "ada")
    }

    @Test("what could not be stored has not happened, and what comes next is stored")
    func full() async throws {
        let bench = try await CoreBench()
        let spec = CoreBench.spec(["a"])
        func mostPages(_ count: Int) throws {
            try bench.store.writeNow { try $0.run("PRAGMA max_page_count = \(count)") }
        }
        try mostPages(1)
        await #expect(throws: DatabaseError.self) {
            try await bench.core.startRollout(
                spec: spec + "\n#" + String(repeating: "-", count: 1 << 19), by: "ada")
        }
        let words = ["the disk with the coordinator's database is full: make room"]
        #expect(bench.core.health.readiness.reasons == words, "nothing else has to be stored")
        try mostPages(1 << 20)
        await bench.take(.tick)
        #expect(bench.core.health.readiness.isReady)
        #expect(try await bench.core.rollouts().isEmpty)
        let id = try await bench.core.startRollout(spec: spec, by: "ada").id
        #expect(try await bench.core.rollouts().map(\.id) == [id])
        #expect(try await bench.publish().map(\.kind) == [.survey])
    }

    @Test("a host that was never heard need not be lost to be forgotten")
    func forgetUnheard() async throws {
        let bench = try await CoreBench()
        let id = try await bench.rollout(of: "a", silent: ["a"])
        _ = try await bench.core.cancel(id, by: "ada")
        #expect(await bench.core.hosts().map(\.isLost) == [false])
        await #expect(throws: OperationError.self, "a pattern means hosts that were heard") {
            try await bench.core.startRollout(spec: CoreBench.spec(["*"]), by: "ada")
        }
        try await bench.core.forget(named("a"), by: "ada")
        #expect(await bench.core.hosts().isEmpty)
    }

    @Test("a lost host of which nothing is expected is forgotten, until it is heard")
    func forget() async throws {
        var bench = try await CoreBench()
        await bench.hear("a", .hostState(.living()))
        let id = try await bench.rollout(of: "a")
        func refusal(_ host: String) async -> String? {
            do {
                try await bench.core.forget(named(host), by: "ada")
                return nil
            } catch OperationError.conflict(let why), OperationError.notFound(let why) {
                return why
            } catch { return "\(error)" }
        }
        #expect(await refusal("a") == "host a is not lost: one that is heard would be known again at once")
        #expect(await refusal("b") == "there is no host 'b'")
        try await bench.wait(Int(CoreBench.lostAfter) + 1)
        #expect(await refusal("a")?.contains("\(id) waits for host a") == true)
        _ = try await bench.core.cancel(id, by: "ada")
        #expect(await refusal("a") == nil)
        #expect(await bench.core.hosts().isEmpty)
        #expect(try await bench.core.audit(before: nil, limit: 1).items.map(\.action) == ["host.forget"])
        try await bench.restart()
        #expect(await bench.core.hosts().isEmpty)
        await bench.hear("a", .hostState(.living()))
        #expect(await bench.core.hosts().map(\.isLost) == [false])
    }
}
