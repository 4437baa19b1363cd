import Contract
import DefragTypes
import Foundation
import Rollout
import Testing

@testable import Coordinator
@testable import ReflowAPI

@Suite("An order that is given again", .timeLimit(.minutes(1))) struct OrderKeyTests {
    private func key(_ text: String, of body: String = "") throws -> OrderKey {
        try #require(OrderKey(text, of: Array(body.utf8)))
    }

    private func give<Answer>(
        _ key: OrderKey, _ order: () async throws -> Answer
    ) async throws -> Answer {
        try await Order.$current.withValue(Order(key: key)) { try await order() }
    }

    @Test("begins one rollout, also after a restart, and whatever has become of the name meanwhile")
    func rollout() async throws {
        var bench = try await CoreBench()
        await bench.hear("a", .hostState(.living()))
        let spec = CoreBench.spec(["a"])
        let key = try key("k", of: spec)
        let first = try await give(key) { try await bench.core.startRollout(spec: spec, by: "ada") }
        let second = try await give(key) { try await bench.core.startRollout(spec: spec, by: "ada") }
        #expect(second.id == first.id)
        try await bench.restart()
        let third = try await give(key) { try await bench.core.startRollout(spec: spec, by: "ada") }
        #expect(third.id == first.id)
        #expect(try await bench.core.rollouts().count == 1)
        let audit = try await bench.core.audit(before: nil, limit: 9).items
        #expect(audit.map(\.action) == ["rollout.start"])
    }

    @Test("is another one under another word, or somebody else's, or with another body")
    func others() async throws {
        let bench = try await CoreBench()
        await bench.hear("a", .hostState(.living()))
        let spec = CoreBench.spec(["a"])
        func start(_ word: String, _ body: String = "", by who: String = "ada") async throws -> String {
            try await give(key(word, of: body)) {
                try await bench.core.startRollout(spec: spec, again: true, by: who).id
            }
        }
        let ids = [try await start("k"), try await start("l"), try await start("k", by: "bob")]
        #expect(Set(ids).count == 3)
        await #expect(throws: OperationError.self) { try await start("k", "another") }
        #expect(try await bench.core.rollouts().count == 3)
    }

    @Test("is answered with how the rollout is, where it would be refused now")
    func steering() async throws {
        let (bench, id) = try await CoreBench.working()
        let pause = try key("k")
        for _ in 0..<2 {
            let now = try await give(pause) { try await bench.core.pause(id, by: "ada") }
            #expect(now.pause == .operator)
        }
        await #expect(throws: OperationError.self) {
            try await give(key("l")) { try await bench.core.pause(id, by: "ada") }
        }
        _ = try await give(key("l")) { try await bench.core.resume(id, by: "ada") }
    }

    @Test("is remembered for a day, and only where it was carried out")
    func memory() async throws {
        let bench = try await CoreBench()
        await bench.hear("a", .hostState(.living()))
        let spec = CoreBench.spec(["a"])
        let key = try key("k")
        await #expect(throws: OperationError.self) {
            try await give(key) {
                try await bench.core.startRollout(spec: CoreBench.spec(["none-*"]), by: "ada")
            }
        }
        func start() async throws -> String {
            try await give(key) { try await bench.core.startRollout(spec: spec, again: true, by: "ada").id }
        }
        let first = try await start()
        bench.jump(Store.orderMemory - 10)
        await bench.take(.tick)
        #expect(try await start() == first)
        bench.jump(100)
        await bench.take(.tick)
        #expect(try await start() != first)
    }

    @Test(
        "has a word of visible ASCII", arguments: ["", " ", "ü", "a b", String(repeating: "k", count: 256)])
    func word(text: String) {
        #expect(OrderKey(text, of: []) == nil)
    }
}
