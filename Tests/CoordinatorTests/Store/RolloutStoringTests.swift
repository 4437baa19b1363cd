import Contract
import DefragTypes
import Foundation
import GRDB
import Rollout
import Testing

@testable import Coordinator
@testable import ReflowAPI

@Suite("rollouts in the store") struct RolloutStoringTests {
    /// Two hosts with three files each, one in every state that there is.
    private func played(at now: Date) throws -> PlayedRollout {
        var spec = RolloutSpec(
            name: "november", targets: .init(hosts: ["*"], labels: ["rack": ["r-a", "r-b"]], paths: ["/v/*"]))
        spec.strategy.errorBudget = .percent(50)
        spec.strategy.attempts = 2
        var played = PlayedRollout(hosts: ["a", "b"], spec: spec, at: now)
        played.handle(.start)
        played.answerSurvey(
            "a",
            [
                surveyed("/v/1", inode: 11, gain: 4),
                surveyed("/v/2", inode: 12, fileSystem: "fs-2", gain: 3),
                surveyed("/v/3", inode: 13, gain: 2),
            ])
        played.answerSurvey(
            "b",
            [
                surveyed("/v/1", inode: UInt64(Int64.max), fileSystem: "fs-3", gain: 9),
                surveyed("/v/2", fileSystem: "fs-4", gain: 8),
                surveyed("/v/swap", obstacle: .swapFile),
            ])
        return played
    }

    @Test("come back as they were: phases, targets, cursors, whatever has happened to them")
    func roundTrip() async throws {
        let bench = try StoreBench("round-trip")
        let store = try Store(path: bench.path)
        var played = PlayedRollout(hosts: ["a", "b"], at: bench.now)
        let fresh = played.rollout
        try await store.write { try $0.insert(fresh, text: "name: november", at: bench.now) }
        played = try self.played(at: bench.now)
        try await expectRestored(played.takeDelta(), played, store)
        let swap = try await store.read { try $0.targets(of: "r1", .init(state: .skipped)) }
        #expect(swap.map(\.result?.message) == ["in the way"])
        var state = SliceState()
        (state.inode, state.unshareBudgetLeft) = (7, .mebibytes(96))
        played.answer(0, .partial, state: state) {
            $0.nextOffset = .mebibytes(64)
            $0.bytes = .init(rewritten: .mebibytes(60), unshared: .mebibytes(4))
        }
        played.answer(1, .failed) { $0.reason = .ioError }
        played.answer(3, .done) { $0.extents = .init(before: 1000, after: 3) }
        played.answer(4, .skipped) { $0.reason = .alreadyContiguous }
        try await expectRestored(played.takeDelta(), played, store)
        #expect(played.rollout.targets[0].cursor == .mebibytes(64))
        #expect(played.rollout.targets[0].budgetLeft == .mebibytes(96))
        #expect(played.rollout.targets[1].fruitless == 1)
        var overrides = PolicyOverrides()
        overrides.maxPause = .milliseconds(5)
        try played.carryOut(.set(overrides))
        try played.carryOut(.pause)
        played.handle(.lost(named("a")))
        try await expectRestored(played.takeDelta(), played, store)
        try played.carryOut(.resume)
        played.handle(.returned(named("a")))
        try await expectRestored(played.takeDelta(), played, store)
        let unfinished = try await store.read { try $0.unfinishedRollouts() }
        #expect(unfinished == ["r1"])
        try played.carryOut(.cancel)
        played.answer(0, .partial) { $0.reason = .interrupted }
        try await expectRestored(played.takeDelta(), played, store)
        #expect(played.rollout.state.phase == .cancelled)
        let left = try await store.read { try $0.unfinishedRollouts() }
        #expect(left == [])
    }

    /// Stores the delta, closes, opens, and compares what comes back with what was played.
    private func expectRestored(
        _ delta: RolloutDelta, _ played: PlayedRollout, _ store: Store,
        _ location: SourceLocation = #_sourceLocation
    ) async throws {
        let now = played.now
        try await store.write { try $0.apply(delta, at: now) }
        let restored = try await store.read { try $0.restore("r1", at: now) }
        #expect(restored.state == played.rollout.state, sourceLocation: location)
        #expect(restored.hosts.map(\.name) == played.rollout.hosts.map(\.name), sourceLocation: location)
        #expect(restored.hosts.map(\.state) == played.rollout.hosts.map(\.state), sourceLocation: location)
        #expect(
            restored.hosts.map(\.fileSystems) == played.rollout.hosts.map(\.fileSystems),
            sourceLocation: location)
        #expect(restored.targets == played.rollout.targets, sourceLocation: location)
        #expect(restored.order == played.rollout.order, sourceLocation: location)
        #expect(restored.activeHosts == played.rollout.activeHosts, sourceLocation: location)
    }

    @Test("are there again when the file is opened again, and go on")
    func reopened() async throws {
        let bench = try StoreBench("reopened")
        var played = try self.played(at: bench.now)
        let delta = played.takeDelta()
        do {
            let store = try Store(path: bench.path)
            let fresh = PlayedRollout(hosts: ["a", "b"], at: bench.now).rollout
            try await store.write { unit in
                try unit.insert(fresh, text: "name: november", at: bench.now)
                try unit.apply(delta, at: bench.now)
            }
            try store.close()
        }
        let store = try Store(path: bench.path)
        played.rollout = try await store.read { try $0.restore("r1", at: bench.now) }
        played.answer(0, .done)
        #expect(played.rollout.targets[0].state == .done, "its task's name has outlived the process")
        #expect(played.tasks[2]?.hasPrefix("r1-2-1.") == true, "the file system's next target has its turn")
    }

    @Test("give a slice what the one before has answered, until the file's end")
    func states() async throws {
        let store = try Store.inMemory()
        let now = Date(timeIntervalSince1970: 1_800_000_000)
        var played = try self.played(at: now)
        let fresh = PlayedRollout(hosts: ["a", "b"], at: now).rollout
        try await store.write { try $0.insert(fresh, text: "", at: now) }
        func kept(_ delta: RolloutDelta) async throws -> SliceState? {
            try await store.write { try $0.apply(delta, at: now) }
            return try await store.read { try $0.sliceState(of: 0, in: "r1") }
        }
        #expect(try await kept(played.takeDelta()) == nil)
        for extents in [500, 200] {
            var state = SliceState()
            (state.inode, state.extents) = (7, extents)
            state.allowance = UnshareAllowance(strict: 1, generous: 2, costs: [3], slot: 4096)
            played.answer(0, .partial, state: state) {
                $0.reason = .timeLimit
                $0.nextOffset = .mebibytes(1024 - Int64(extents))
            }
            #expect(try await kept(played.takeDelta()) == state)
        }
        // A worker before contract 1.2.
        played.answer(0, .partial) { $0.nextOffset = .mebibytes(900) }
        #expect(try await kept(played.takeDelta()) == nil)
        played.answer(0, .done, state: SliceState())
        #expect(try await kept(played.takeDelta()) == nil)
    }

    @Test("give a slice its file")
    func files() async throws {
        let store = try Store.inMemory()
        var played = try self.played(at: Date())
        let (delta, now) = (played.takeDelta(), played.now)
        try await store.write { unit in
            try unit.insert(PlayedRollout(hosts: ["a", "b"], at: now).rollout, text: "", at: now)
            try unit.apply(delta, at: now)
        }
        let files = try await store.read { view in try (0..<6).map { try view.file(of: $0, in: "r1") } }
        #expect(files[1] == Store.TargetFile(path: "/v/2", fileSystem: "fs-2", inode: 12))
        #expect(files[3] == Store.TargetFile(path: "/v/1", fileSystem: "fs-3", inode: UInt64(Int64.max)))
        await #expect(throws: StoreError(.unknown, "there is no target 6 in a rollout 'r1'")) {
            try await store.read { try $0.file(of: 6, in: "r1") }
        }
    }

    @Test("add up how the slices of a target have ended")
    func results() async throws {
        let store = try Store.inMemory()
        let now = Date(timeIntervalSince1970: 1_800_000_000)
        var played = try self.played(at: now)
        let first = played.takeDelta()
        played.answer(0, .partial) {
            $0.nextOffset = .mebibytes(64)
            $0.extents = .init(before: 1000, after: 600)
            $0.bytes = .init(rewritten: .mebibytes(60), unshared: .mebibytes(4))
            $0.pause.maxMs = 9
        }
        let second = played.takeDelta()
        played.answer(0, .done) {
            $0.extents = .init(before: 600, after: 5)
            $0.bytes = .init(rewritten: .mebibytes(40), unshared: .mebibytes(1))
            $0.pause.maxMs = 4
        }
        played.answer(1, .failed) {
            $0.inode = 0
            $0.reason = .notFound
        }
        let third = played.takeDelta()
        try await store.write { unit in
            try unit.insert(PlayedRollout(hosts: ["a", "b"], at: now).rollout, text: "", at: now)
            for delta in [first, second, third] { try unit.apply(delta, at: now) }
        }
        let rows = try await store.read { try $0.targets(of: "r1") }
        let result = try #require(rows[0].result)
        #expect(result.status == .done)
        #expect(result.extents == .init(before: 1000, after: 5))
        #expect(result.bytes == .init(rewritten: .mebibytes(100), unshared: .mebibytes(5)))
        #expect(result.pause.maxMs == 9)
        let row = try await store.read { try $0.rollout("r1") }
        #expect(row.longestPauseMs == 9)
        let totals = row.totals
        #expect(totals.byPhase[.done]?.rewritten == .mebibytes(100))
        #expect(totals.byPhase[.done]?.unshared == .mebibytes(5))
        #expect(totals.all.extentsBefore == 6000)
        #expect(totals.all.extentsAfter == 5005, "a file that could not be opened has as many as before")
    }

    @Test("are refused where something of them is not there")
    func strangers() async throws {
        let store = try Store.inMemory()
        var played = try self.played(at: Date())
        let delta = played.takeDelta()
        await #expect(throws: StoreError(.unknown, "there is no rollout 'r1'")) {
            try await store.write { try $0.apply(delta, at: Date()) }
        }
        var changed = delta
        changed.found = []
        changed.targets = [(0, played.rollout.targets[0])]
        let now = played.now
        try await store.write {
            try $0.insert(PlayedRollout(hosts: ["a", "b"], at: now).rollout, text: "", at: now)
        }
        let stranger = changed
        await #expect(throws: StoreError(.unknown, "there is no target 0 in the rollout r1")) {
            try await store.write { try $0.apply(stranger, at: Date()) }
        }
        await #expect(throws: DatabaseError.self) {
            try await store.write {
                try $0.insert(PlayedRollout(hosts: ["c"], at: now).rollout, text: "", at: now)
            }
        }
        let names = try await store.read { try $0.hosts(of: "r1", limit: 10) }.map(\.name.description)
        #expect(names == ["a", "b"])
    }
}
