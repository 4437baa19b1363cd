import Contract
import DefragTypes
import Foundation
import Rollout
import Testing

@testable import Coordinator
@testable import ReflowAPI

@Suite("listings of the store") struct ListingTests {
    private let now = Date(timeIntervalSince1970: 1_800_000_000)

    /// Three hosts with four files each on one file system; the first of each has been dealt with.
    private func filled() async throws -> Store {
        let store = try Store.inMemory()
        for id in ["r1", "r2"] {
            var played = PlayedRollout(id: id, hosts: ["a", "b", "c"], at: now)
            let fresh = played.rollout
            played.handle(.start)
            for (number, name) in ["a", "b", "c"].enumerated() {
                let files = (0..<4).map {
                    surveyed("/v/\($0)", extents: 100, gain: Double(number * 4 + 4 - $0))
                }
                played.answerSurvey(name, files)
            }
            played.answer(0, .done) { $0.extents = .init(before: 100, after: 2) }
            played.answer(4, .skipped) {
                ($0.reason, $0.extents) = (.noDefrag, .init(before: 100, after: 100))
            }
            let delta = played.takeDelta()
            try await store.write { [now] unit in
                try unit.insert(fresh, text: "", at: now + (id == "r1" ? 0 : 60))
                try unit.apply(delta, at: now)
            }
        }
        return store
    }

    @Test(
        "find what an operator means: by id, by name, by the beginning of an id",
        arguments: [
            ("r1", ["r1"]), ("november", ["r2"]), ("r", ["r2", "r1"]), ("", []), ("nov", []), ("1", []),
        ])
    func meant(text: String, ids: [String]) async throws {
        let store = try await filled()
        #expect(try await store.read { try $0.rollouts(meantBy: text) } == ids)
        // Of several with a name, first one that has not ended.
        try await store.write { try $0.run("UPDATE rollout SET ended = 1 WHERE id = 'r2'") }
        #expect(
            try await store.read { try $0.rollouts(meantBy: text) } == (text == "november" ? ["r1"] : ids))
    }

    @Test("count files that have not ended up to their cursors, also when it is cancelled")
    func behind() async throws {
        let store = try Store.inMemory()
        var played = PlayedRollout(hosts: ["a"], at: now)
        let fresh = played.rollout
        played.handle(.start)
        played.answerSurvey("a", [surveyed("/v/1", gain: 2), surveyed("/v/2", gain: 1)])
        played.answer(0, .partial) { ($0.reason, $0.nextOffset) = (.interrupted, .mebibytes(300)) }
        try played.carryOut(.cancel)
        let delta = played.takeDelta()
        try await store.write { [now] unit in
            try unit.insert(fresh, text: "", at: now)
            try unit.apply(delta, at: now)
        }
        let row = try await store.read { try $0.rollout("r1") }
        #expect(row.state.phase == .cancelled)
        #expect(row.totals.bytes == .init(total: .gibibytes(2), behind: .mebibytes(300)))
        let hosts = try await store.read { try $0.hosts(of: "r1", limit: 9) }
        #expect(hosts.map(\.totals.bytes.behind) == [.mebibytes(300)])
    }

    @Test("add up how many pauses were too long, as far as workers tell")
    func pauses() async throws {
        let store = try Store.inMemory()
        var played = PlayedRollout(hosts: ["a"], at: now)
        let fresh = played.rollout
        played.handle(.start)
        played.answerSurvey("a", (0..<3).map { surveyed("/v/\($0)", gain: Double(3 - $0)) })
        let before = played.takeDelta()
        played.answer(0, .done) { $0.pause = .init(count: 1000, maxMs: 12) }
        let old = played.takeDelta()
        played.answer(1, .done) { $0.pause = .init(count: 100, maxMs: 34, over: 7) }
        played.answer(2, .done) { $0.pause = .init(count: 50, maxMs: 20, over: 0) }
        let new = played.takeDelta()
        func row() async throws -> Store.RolloutRow { try await store.read { try $0.rollout("r1") } }
        try await store.write { [now] unit in
            try unit.insert(fresh, text: "", at: now)
            try unit.apply(before, at: now)
            try unit.apply(old, at: now)
        }
        #expect(try await row().pauses == nil, "an older worker does not tell")
        try await store.write { [now] in try $0.apply(new, at: now) }
        #expect(try await row().pauses == .init(count: 150, over: 7))
        #expect(try await row().longestPauseMs == 34)
    }

    @Test("say of each rollout how far it is")
    func rollouts() async throws {
        let store = try await filled()
        let rows = try await store.read { try $0.rollouts(limit: 10) }
        #expect(rows.map(\.id) == ["r2", "r1"], "the latest first")
        let row = rows[1]
        #expect(row.created == now)
        #expect(row.ended == nil)
        #expect(row.state.spec.name == "november")
        #expect(row.hosts == [.active: 3])
        #expect(row.totals.count(.done) == 1)
        #expect(row.totals.count(.skipped) == 1)
        #expect(row.totals.count(.inFlight) == 3)
        #expect(row.totals.count(.pending) == 7)
        #expect(row.totals.count(.failed) == 0)
        #expect(row.totals.all.targets == 12)
        #expect(row.totals.all.size == .gibibytes(12))
        #expect(row.totals.all.extentsBefore == 1200)
        #expect(row.totals.all.gain == 78)
        #expect(
            row.totals.extents == .init(before: 1200, after: 1102), "of those that are not done, as surveyed")
        let limited = try await store.read { try $0.rollouts(limit: 1) }
        #expect(limited.map(\.id) == ["r2"])
        await #expect(throws: StoreError(.unknown, "there is no rollout 'r3'")) {
            try await store.read { try $0.rollout("r3") }
        }
    }

    @Test("say of each host of a rollout how far it is, page by page")
    func hosts() async throws {
        let store = try await filled()
        let rows = try await store.read { try $0.hosts(of: "r1", limit: 2) }
        #expect(rows.map(\.name.description) == ["a", "b"])
        #expect(rows[0].totals.count(.done) == 1)
        #expect(rows[0].totals.count(.skipped) == 0)
        #expect(rows[0].state.labels == ["rack": "r-a"])
        #expect(rows[0].state.matched == 5)
        #expect(rows[1].totals.count(.skipped) == 1)
        #expect(rows[1].totals.all.targets == 4)
        let rest = try await store.read { try $0.hosts(of: "r1", after: "b", limit: 2) }
        #expect(rest.map(\.name.description) == ["c"])
        #expect(rest[0].totals.count(.inFlight) == 1)
        #expect(rest[0].totals.count(.pending) == 3)
    }

    @Test("say of each target where it stands, by state, by host, page by page")
    func targets() async throws {
        let store = try await filled()
        func numbers(_ query: TargetQuery) async throws -> [Int64] {
            try await store.read { try $0.targets(of: "r1", query) }.map(\.number)
        }
        #expect(try await numbers(.init()) == Array<Int64>(0..<12))
        #expect(try await numbers(.init(after: 4, limit: 3)) == [5, 6, 7])
        #expect(try await numbers(.init(state: .pending)) == [2, 3, 6, 7, 9, 10, 11])
        #expect(try await numbers(.init(state: .pending, after: 3, limit: 2)) == [6, 7])
        #expect(try await numbers(.init(host: named("b"))) == [4, 5, 6, 7])
        #expect(try await numbers(.init(state: .inFlight, host: named("b"))) == [5])
        #expect(try await numbers(.init(host: named("nobody"))) == [])
        let rows = try await store.read { try $0.targets(of: "r1", .init(host: named("b"))) }
        #expect(rows[0].state == .skipped)
        #expect(rows[0].reason == .noDefrag)
        #expect(rows[0].result?.reason == .noDefrag)
        #expect(rows[1].result == nil)
        #expect(rows[1].host.description == "b")
        #expect(rows[1].path == "/v/1")
        #expect(rows[1].extents == 100)
        #expect(rows[1].gainSeconds == 7)
        #expect(rows[1].slices == 1)
    }
}
