import AMQP
import BrokerKit
import Contract
import DefragTypes
import Foundation
import GRDB
import Rollout
import Testing

@testable import Coordinator
@testable import ReflowAPI

@Suite("A coordinator and its broker", .timeLimit(.minutes(1))) struct BrokerTests {
    private let lostAfter = Int(CoreBench.lostAfter)

    @Test(
        "what its connections' states mean",
        arguments: [
            (.connected, true), (.unblocked, true), (.blocked(reason: "low on memory"), false),
            (.disconnected(AMQPError(.unreachable, "refused"), retryIn: .seconds(1)), false),
            (.connecting, nil), (.closed, nil),
        ] as [(ConnectionState, Bool?)])
    func states(state: ConnectionState, isThere: Bool?) {
        switch CoreInput(state, of: .consuming) {
        case .back(.link(.consuming))?: #expect(isThere == true)
        case .away(.link(.consuming), _)?: #expect(isThere == false)
        case nil: #expect(isThere == nil)
        default: Issue.record("another input")
        }
    }

    @Test("while it is away, or takes nothing, nobody is lost and no slice runs out of patience")
    func away() async throws {
        let (bench, id) = try await CoreBench.working()
        await bench.take(.away(.link(.publishing), "it takes no messages: low on memory"))
        #expect(
            bench.core.health.readiness.reasons == [
                "the broker is away: it takes no messages: low on memory"
            ])
        try await bench.wait(600)
        // The other connection's trouble, and its end, say nothing about the first one's.
        await bench.take(.away(.link(.consuming), "lost"), .back(.link(.consuming)))
        try await bench.wait(600)
        #expect(await bench.core.hosts().map(\.isLost) == [false])
        await bench.take(.back(.link(.publishing)))
        #expect(bench.core.health.readiness.isReady)
        // Its silence begins anew, once it has had the time to find the broker, too.
        try await bench.wait(30 + lostAfter - 1)
        #expect(await bench.core.hosts().map(\.isLost) == [false])
        let files = try await bench.core.targets(ofRollout: id, .init(limit: 1)).items
        #expect(files.map(\.state) == [.inFlight])
        #expect(try await bench.core.rollout(id).failures == 0)
        let told = try bench.log.filter { $0.hasPrefix("the broker") }
        #expect(
            told == [
                "the broker is away (it takes no messages: low on memory); the hosts go on with what they have",
                "the broker is there again",
            ])
        try await bench.wait(2)
        #expect(await bench.core.hosts().map(\.isLost) == [true])
    }

    @Test(
        "answers that may be lost with what was deleted are asked for again",
        arguments: [
            (.queue(QueueName.coordinator), "the queue reflow.coordinator cannot be consumed any more: gone"),
            (.part(.exchange(ExchangeName.events)), "the exchange 'reflow.events' is missing: gone"),
            (
                .part(.binding(queue: QueueName.coordinator, exchange: ExchangeName.events)),
                "the binding of queue 'reflow.coordinator' to exchange 'reflow.events' is missing: gone"
            ), (.lease, "gone"),
        ] as [(Dependency, String)])
    func lostAnswers(dependency: Dependency, told: String) async throws {
        let (bench, _) = try await CoreBench.working()
        var idle = HostState.living()
        idle.accepted = []
        try await bench.wait(60, hearing: "a")
        await bench.take(.away(dependency, "gone"))
        #expect(!bench.core.health.readiness.isReady)
        #expect(try bench.log.contains(told))
        await bench.take(.back(dependency))
        #expect(bench.core.health.readiness.isReady)
        for _ in 0..<3 {
            await bench.hear("a", .hostState(idle))
            try await bench.wait(10)
        }
        #expect(try await bench.publish().map(\.kind) == [.slice])
    }

    @Test("without what answers do not need, it is not ready, and time passes nevertheless")
    func others() async throws {
        let (bench, _) = try await CoreBench.working()
        await bench.take(.away(.part(.exchange(ExchangeName.controlAll)), "gone"))
        #expect(!bench.core.health.readiness.isReady)
        #expect(bench.core.brokerTrouble == nil)
        try await bench.wait(lostAfter)
        #expect(await bench.core.hosts().map(\.isLost) == [true])
        await bench.take(.back(.part(.exchange(ExchangeName.controlAll))))
        #expect(bench.core.health.readiness.isReady)
    }

    @Test("an order that is stored was done, though what came of it cannot be read")
    func unreadable() async throws {
        let bench = try await CoreBench()
        await bench.hear("a", .hostState(.living()))
        // From the next transaction on.
        try bench.store.writeNow { write in
            write.db.afterNextTransaction { db in
                db.afterNextTransaction { db in try? db.execute(sql: "ALTER TABLE tally RENAME TO gone") }
            }
        }
        let error = await #expect(throws: OperationError.self) {
            try await bench.core.startRollout(spec: CoreBench.spec(["a"]), by: "ada")
        }
        guard case .stalled(let words)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(words.contains("What was asked for was done"))
        #expect(try await bench.publish().map(\.kind) == [.survey])
    }

    @Test("a coordinator that restarts again and again finds a lost host nevertheless")
    func restarts() async throws {
        var (bench, _) = try await CoreBench.working()
        for _ in 0..<3 {
            try await bench.wait(lostAfter / 3)
            try await bench.restart()
            await bench.reachBroker()
        }
        // But for a moment in which it can be heard.
        #expect(await bench.core.hosts().map(\.isLost) == [false])
        try await bench.wait(21)
        #expect(await bench.core.hosts().map(\.isLost) == [true])
    }

    @Test(
        "a host of a rollout that was never heard is waited for across a restart, and given up like any other"
    )
    func neverHeard() async throws {
        var bench = try await CoreBench()
        await bench.hear("a", .hostState(.living()))
        let id = try await bench.rollout(of: "a", "b", silent: ["b"])
        try await bench.restart()
        await bench.reachBroker()
        for message in try await bench.publish() where message.kind == .slice {
            try await bench.answer(message)
        }
        try await bench.wait(lostAfter, hearing: "a")
        #expect(await bench.core.hosts().map(\.isLost) == [false, true])
        try await bench.restart()
        await bench.reachBroker()
        #expect(await bench.core.hosts().map(\.isLost) == [false, true])
        for message in try await bench.publish() where message.kind == .slice {
            try await bench.answer(message)
        }
        try await bench.wait(901, hearing: "a")
        #expect(try await bench.core.rollout(id).phase == .completedWithFailures)
        #expect(try bench.log.contains { $0.hasPrefix("host b is given up") })
    }

    @Test("a rollout over a host that is lost already begins in one step, and goes on after its end")
    func lostAlready() async throws {
        var (bench, first) = try await CoreBench.working()
        try await bench.wait(lostAfter)
        _ = try await bench.core.cancel(first, by: "ada")
        let id = try await bench.core.startRollout(spec: CoreBench.spec(["a"]), by: "ada").id
        try await bench.restart()
        #expect(try await bench.core.rollout(id).hosts.lost == 1)
        await bench.reachBroker()
        await bench.hear("a", .hostState(.living()))
        #expect(try await bench.core.rollout(id).hosts.lost == 0)
    }
}
