import Contract
import DefragTypes
import Foundation
import Rollout
import Testing

@testable import Coordinator
@testable import ReflowAPI

@Suite("Failed files that are tried again", .timeLimit(.minutes(1))) struct CoreRetryTests {
    /// A rollout of one file that has failed for good.
    private static func failed() async throws -> (CoreBench, id: String) {
        var bench = try await CoreBench()
        await bench.hear("a", .hostState(.living()))
        let id = try await bench.rollout(of: "a")
        for _ in 0..<3 {
            try await bench.answer(
                try #require(try await bench.publish().first { $0.kind == .slice }), .failed)
            try await bench.wait(61, hearing: "a")
        }
        #expect(try await bench.core.rollout(id).phase == .completedWithFailures)
        try await bench.restart()
        await bench.reachBroker()
        return (bench, id)
    }

    @Test("make a rollout that has ended go on, which is stored, told and on record")
    func ended() async throws {
        var (bench, id) = try await Self.failed()
        let retried = try await bench.core.retry(.init(), ofRollout: id, by: "ada")
        #expect(retried.files == 1)
        #expect(retried.rollout.phase == .running)
        #expect(retried.rollout.ended == nil)
        try await bench.restart()
        await bench.reachBroker()
        let slice = try #require(try await bench.publish().first { $0.kind == .slice })
        try await bench.answer(slice)
        let now = try await bench.core.rollout(id)
        #expect(now.phase == .completed)
        #expect(now.ended != nil)
        #expect(try bench.log.contains("ada: retry: 1 file"))
        #expect(try await bench.core.audit(before: nil, limit: 9).items.first?.action == "rollout.retry")
    }

    @Test("change nothing where none is meant, or there is no such rollout")
    func none() async throws {
        let (bench, id) = try await Self.failed()
        for failed in [Rollout.Failed(reason: .lowSpace), .init(host: named("b"))] {
            await #expect(throws: OperationError.self) {
                try await bench.core.retry(failed, ofRollout: id, by: "ada")
            }
        }
        #expect(try await bench.core.rollout(id).phase == .completedWithFailures)
        #expect(await bench.core.underWay.ids.isEmpty)
        await #expect(throws: OperationError.self) {
            try await bench.core.retry(.init(), ofRollout: "none", by: "ada")
        }
        // And it can still be done.
        #expect(try await bench.core.retry(.init(), ofRollout: id, by: "ada").files == 1)
    }

    @Test("wait for a host that is lost meanwhile")
    func lost() async throws {
        let (bench, id) = try await Self.failed()
        try await bench.wait(Int(CoreBench.lostAfter) + 30)
        _ = try await bench.core.retry(.init(), ofRollout: id, by: "ada")
        try await bench.wait(5)
        #expect(try await bench.core.rollout(id).hosts.lost == 1)
        #expect(try await bench.publish().filter { $0.kind == .slice }.isEmpty)
        await bench.hear("a", .hostState(.living()))
        #expect(try await bench.publish().contains { $0.kind == .slice })
    }

    @Test("are told under the same number when the order is given again")
    func again() async throws {
        let (bench, id) = try await Self.failed()
        let order = Order(key: OrderKey("k", of: []))
        for _ in 0..<2 {
            let retried = try await Order.$current.withValue(order) {
                try await bench.core.retry(.init(), ofRollout: id, by: "ada")
            }
            #expect(retried.files == 1)
        }
    }
}
