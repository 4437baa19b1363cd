import Contract
import DefragTypes
import Foundation
import GRDB
import Rollout
import Testing

@testable import Coordinator
@testable import ReflowAPI

@Suite("what the store forgets") struct RetentionTests {
    private let now = Date(timeIntervalSince1970: 1_800_000_000)
    private let retention = Store.Retention(
        rollouts: .seconds(1000), plans: .seconds(10), audit: .seconds(1000), mostDeadLetters: 2)

    /// Stores a rollout or plan of five files that ends, or not, at `end`.
    private func add(_ id: String, isPlan: Bool = false, end: Date?, to store: Store) async throws {
        var played = PlayedRollout(id: id, hosts: ["a"], at: now)
        played.rollout = Rollout(
            id: id, spec: played.rollout.state.spec, hosts: [(named("a"), [:])], isPlanOnly: isPlan)
        let fresh = played.rollout
        played.handle(.start)
        played.answerSurvey("a", (0..<5).map { surveyed("/v/\($0)", gain: Double(9 - $0)) })
        if !isPlan {
            played.answer(0, .skipped)
            if end != nil {
                try played.carryOut(.cancel)
                played.answer(1, .partial)
            }
        }
        #expect(played.rollout.state.phase.isEnded == (end != nil))
        let delta = played.takeDelta()
        try await store.write { [now] unit in
            try unit.insert(fresh, text: "", at: now)
            try unit.apply(delta, at: end ?? now)
        }
    }

    private func rows(_ store: Store, _ table: String) async throws -> Int {
        try await store.read { try Int.fetchOne($0.db, sql: "SELECT count(*) FROM \(table)") ?? 0 }
    }

    @Test("rollouts some time after their end, a few files at a time; those that go on stay")
    func rollouts() async throws {
        let store = try Store.inMemory()
        try await add("old", end: now - 2000, to: store)
        try await add("late", end: now - 500, to: store)
        try await add("running", end: nil, to: store)
        var rounds = 0
        while try await store.write({ [now, retention] in try $0.prune(retention, at: now, files: 2) }) {
            rounds += 1
        }
        // Five files, two results, and itself.
        #expect(rounds == 3 + 1 + 1)
        let left = try await store.read { try $0.rollouts(limit: 9) }.map(\.id)
        #expect(left == ["running", "late"])
        for (table, count) in [("target", 10), ("rolloutHost", 2)] {
            #expect(try await rows(store, table) == count, "\(table)")
        }
        let whole = try await store.read { try $0.restore("late", at: now) }
        #expect(whole.targets.count == 5)
    }

    @Test("plans sooner, which are in no listing of rollouts")
    func plans() async throws {
        let store = try Store.inMemory()
        try await add("rollout", end: now - 20, to: store)
        for number in 0..<3 {
            try await add("plan-\(number)", isPlan: true, end: now - 20 + Double(number * 6), to: store)
        }
        let listed = try await store.read { try $0.rollouts(limit: 1) }.map(\.id)
        #expect(listed == ["rollout"], "however many plans are newer")
        while try await store.write({ [now, retention] in try $0.prune(retention, at: now, files: 9) }) {}
        let left = try await store.read { read in
            ["rollout", "plan-0", "plan-1", "plan-2"].filter { id in (try? read.rollout(id)) != nil }
        }
        #expect(left == ["rollout", "plan-2"])
    }

    @Test("the audit and dead letters")
    func logs() async throws {
        let store = try Store.inMemory()
        try await store.write { [now] unit in
            for number in 0..<4 {
                let time = now - 2000 + Double(number * 500)
                try unit.record(.init(time: Timestamp(time), who: "ada", action: "\(number)", object: ""))
                try unit.keep(.init(reason: "\(number)", body: [], size: 0), at: time)
            }
        }
        func prune(at now: Date) async throws -> ([String], [String]) {
            try await store.write { [retention] unit in
                _ = try unit.prune(retention, at: now, files: 9)
                try unit.pruneDeadLetters(retention)
                return (
                    try unit.read.audit(limit: 9).map(\.action),
                    try unit.read.deadLetters().map(\.reason)
                )
            }
        }
        #expect(try await prune(at: now) == (["3", "2"], ["3", "2"]))
        #expect(try await prune(at: now + 9999) == ([], ["3", "2"]))
    }
}
