import Contract
import DefragTypes
import Foundation
import Rollout
import Support
import Testing

@testable import Coordinator
@testable import ReflowAPI

@Suite("Going back to a backup", .timeLimit(.minutes(1))) struct GoingBackTests {
    @Test("uses no id of a task twice, however often, and what was under way comes to its end")
    func rollout() async throws {
        let folder = try RunFolder.subfolder("goingback")
        let copy = folder + "/copy.db"
        var bench = try await CoreBench(path: folder + "/reflow.db")
        await bench.hear("a", .hostState(.living()))
        let id = try await bench.rollout(of: "a")
        var used: [String] = []
        for number in 1...9 {
            let slice = try #require(try await bench.publish().first { $0.kind == .slice })
            let task = try #require(slice.task)
            used.append(task)
            var result = DefragResult(path: "/", status: .partial, reason: .timeLimit)
            result.nextOffset = ByteCount(Int64(number) * 4096)
            await bench.hear("a", .sliceFinished(.init(task: task, job: id, result: result)), id: "\(number)")
            // The fourth slice is in the outbox, and not published.
            if number == 3 { _ = try StoreBackup(database: folder + "/reflow.db", copy: copy).make() }
        }
        for round in 1...2 {
            try await bench.goBack(to: copy, at: folder + "/reflow.db")
            // What was not published then was answered long ago: the same again, which the worker knows.
            let outbox = try await bench.publish().filter { $0.kind == .slice }.compactMap(\.task)
            #expect(outbox == [used[3]])
            // The host says that it does not have it.
            try await bench.wait(90, hearing: "a")
            let again = try #require(try await bench.publish().first { $0.kind == .slice })
            let task = try #require(again.task)
            #expect(!used.contains(task))
            used.append(task)
            let failures = try await bench.core.targets(ofRollout: id, .init(limit: 1)).items.map(
                \.failedAttempts)
            #expect(failures == [nil])
            guard round == 2 else { continue }
            try await bench.answer(again)
            #expect(try await bench.core.rollout(id).phase == .completed)
        }
    }
}
