import Contract
import DefragTypes
import Foundation
import GRDB
import Logging
import ReflowAPI
import Rollout
import Support
import Synchronization
import Testing

@testable import Coordinator

@Suite("What the core cannot store", .timeLimit(.minutes(1))) struct QuarantineTests {
    /// Has the store refuse a host's state as if it could not hold it.
    private func refuse(_ host: String, in store: Store) throws {
        try store.writeNow { write in
            try write.run(
                """
                CREATE TRIGGER odd BEFORE INSERT ON fleetHost WHEN NEW.name = '\(host)'
                BEGIN SELECT RAISE(ABORT, 'too odd'); END
                """)
        }
    }

    /// Whose messages the broker may forget.
    private final class Settled: Sendable {
        let names = Mutex<[String]>([])
    }

    private func state(of host: String, _ settled: Settled) -> CoreInput {
        .heard(
            named(host), .hostState(.living()), id: nil,
            .init(account: "reflow-\(host)") { settled.names.withLock { $0.append(host) } })
    }

    @Test("of many inputs only the culprit is set aside, as a dead letter with its host and account")
    func culprit() async throws {
        let bench = try await CoreBench()
        try refuse("odd", in: bench.store)
        let settled = Settled()
        await bench.core.take(["a", "odd", "b"].map { state(of: $0, settled) })
        #expect(settled.names.withLock { Set($0) } == ["a", "odd", "b"], "the broker may forget all of them")
        #expect(try bench.store.readNow { try $0.fleet() }.map(\.name.description) == ["a", "b"])
        let letters = try await bench.core.deadLetters()
        #expect(letters.map(\.reason) == ["quarantined"])
        #expect(letters.map(\.host) == [named("odd")])
        #expect(letters.map(\.account) == ["reflow-odd"])
        #expect(letters.allSatisfy { $0.detail?.contains("too odd") == true })
        // And it goes on.
        await bench.core.take([state(of: "c", settled)])
        #expect(try bench.store.readNow { try $0.fleet() }.count == 3)
    }

    @Test("an answer that was set aside is recognised when it comes again")
    func again() async throws {
        let bench = try await CoreBench()
        try refuse("odd", in: bench.store)
        let answer = CoreInput.heard(
            named("odd"),
            .sliceFinished(.init(task: "t", job: "j", result: DefragResult(path: "/", status: .done))),
            id: "1", .init(account: "reflow-odd") {})
        await bench.core.take([answer])
        await bench.core.take([answer])
        #expect(try await bench.core.deadLetters().count == 1)
    }

    @Test("a rollout that cannot be read is set aside, and the others go on")
    func unreadable() async throws {
        var bench = try await CoreBench()
        for host in ["a", "b"] { await bench.hear(host, .hostState(.living())) }
        let broken = try await bench.rollout(of: "a")
        let whole = try await bench.rollout(of: "b")
        try bench.store.writeNow {
            try $0.run("UPDATE rollout SET state = '{' WHERE id = ?", [broken])
        }
        try await bench.restart()
        await bench.reachBroker()
        #expect(try await bench.core.rollout(whole).phase == .running)
        #expect(try bench.log.contains { $0.hasPrefix("the rollout \(broken) is set aside") })
        for message in try await bench.publish() where message.host == "b" && message.kind == .slice {
            try await bench.answer(message)
        }
    }

    @Test(
        "one that is set aside says so to every command, with why and what to do", arguments: [false, true])
    func commands(isReadable: Bool) async throws {
        var (bench, id) = try await CoreBench.working()
        if isReadable {
            // Its hosts have a file that is missing: it can be shown, and not gone on with.
            try bench.store.writeNow { try $0.run("UPDATE target SET number = 7") }
        } else {
            try bench.store.writeNow { try $0.run("UPDATE rollout SET state = '{' WHERE id = ?", [id]) }
        }
        try await bench.restart()
        await bench.reachBroker()
        let core = bench.core
        func expectRefusal(_ command: () async throws -> Void) async throws {
            let error = await #expect(throws: OperationError.self) { try await command() }
            guard case .conflict(let words)? = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(words.hasPrefix("the rollout \(id) is set aside, and nothing of it goes on: "))
            #expect(words.contains("when the coordinator is started again"))
        }
        try await expectRefusal { _ = try await core.pause(id, by: "ada") }
        try await expectRefusal { _ = try await core.resume(id, by: "ada") }
        try await expectRefusal { _ = try await core.cancel(id, by: "ada") }
        try await expectRefusal { _ = try await core.drain(id, by: "ada") }
        try await expectRefusal { _ = try await core.set(["duty": "20%"], ofRollout: id, by: "ada") }
        guard isReadable else { return try await expectRefusal { _ = try await core.rollout(id) } }
        let shown = try await core.rollout(id)
        #expect(shown.standing == "set aside")
        #expect(shown.setAside?.contains("missing") == true)
        // Who watches hears of it.
        let feed = core.feed.subscribe {}
        await bench.take(.tick)
        #expect(feed.take().rollouts[id]?.setAside != nil)
    }

    @Test("a disk that is full is waited for: nothing is acked, nothing lost, and it is told")
    func full() async throws {
        let bench = try await CoreBench()
        func mostPages(_ count: Int) throws {
            try bench.store.writeNow { try $0.run("PRAGMA max_page_count = \(count)") }
        }
        try mostPages(1)
        let settled = Settled()
        let labels = ["rack": String(repeating: "r", count: 63)]
        let inputs = (0..<2000).map { number in
            var said = HostState.living()
            said.labels = labels
            return CoreInput.heard(
                named("host-\(number)"), .hostState(said), id: nil,
                .init { settled.names.withLock { $0.append("\(number)") } })
        }
        let taking = Task { await bench.core.take(inputs) }
        while bench.core.health[.store] == nil { try await Task.sleep(for: .milliseconds(5)) }
        #expect(bench.core.health.readiness.reasons.first?.contains("full") == true)
        #expect(settled.names.withLock { $0.isEmpty })
        // Who wants something is told so, and does not have all be read again for it.
        await #expect(
            throws: OperationError.stalled(
                "the disk with the coordinator's database is full: make room. Nothing was done")
        ) { try await bench.core.forget(named("host-0"), by: "ada") }
        try mostPages(1 << 20)
        await taking.value
        #expect(settled.names.withLock { $0.count } == 2000)
        #expect(bench.core.health[.store] == nil)
        #expect(try bench.store.readNow { try $0.fleet() }.count == 2000)
        #expect(try bench.log.contains { $0.hasPrefix("the database can be written again") })
    }
}

@Suite("A step that cannot be stored", .timeLimit(.minutes(1))) struct UnstoredTests {
    /// A disk that is read-only, or is not any more.
    private func isReadOnly(_ isReadOnly: Bool, _ store: Store) throws {
        try store.readNow { try $0.db.execute(sql: "PRAGMA query_only = \(isReadOnly ? 1 : 0)") }
    }

    /// Takes `inputs`, which the disk refuses at first.
    private func take(_ inputs: [CoreInput], late bench: CoreBench) async throws {
        try isReadOnly(true, bench.store)
        let taking = Task { await bench.core.take(inputs) }
        while bench.core.health[.store] == nil { try await Task.sleep(for: .milliseconds(5)) }
        try isReadOnly(false, bench.store)
        await taking.value
    }

    @Test("leaves no trace: what it says is said once, when it is taken again")
    func told() async throws {
        let bench = try await CoreBench()
        let queue = QueueName.coordinator
        bench.core.health[.queue(queue)] = nil
        let complaint = Complaint(
            subject: .init(account: "evil", host: nil, kind: .malformed), detail: "odd")
        try await take(
            [
                .away(.queue(queue), "deleted"), .away(.link(.publishing), "reset"),
                .warnings(["odd rights"]),
                .refused(complaint, .init {}), .tick,
            ], late: bench)
        try await take([.back(.link(.publishing)), .back(.queue(queue)), .tick], late: bench)
        let log = try bench.log
        for words in [
            "the queue reflow.coordinator cannot be consumed any more", "the broker is away (reset)",
            "odd rights",
            "account 'evil'", "the broker is there again", "the queue reflow.coordinator is consumed again",
        ] {
            #expect(log.count { $0.contains(words) } == 1, "\(words)")
        }
        #expect(bench.core.brokerTrouble == nil)
    }

    /// Has the next `count` steps that tell something refused, though the disk takes what it is tried with.
    private func refuseEvents(_ count: Int, in store: Store) throws {
        let left = Mutex(count)
        try store.writeNow { write in
            write.db.add(
                function: DatabaseFunction("refused", argumentCount: 0) { _ in
                    let isRefused = left.withLock { left in
                        left -= 1
                        return left >= 0
                    }
                    if isRefused { throw DatabaseError(resultCode: .SQLITE_FULL) }
                    return nil
                })
            try write.run(
                "CREATE TRIGGER IF NOT EXISTS full BEFORE INSERT ON event BEGIN SELECT refused(); END")
        }
    }

    @Test("however often, leaves no trace")
    func often() async throws {
        let (bench, _) = try await CoreBench.working()
        let core = bench.core
        let queue = QueueName.coordinator
        core.health[.lease] = "not known yet"
        await bench.take(.back(.lease))
        try refuseEvents(2, in: bench.store)
        await bench.take(.away(.queue(queue), "deleted"), .away(.link(.consuming), "reset"))
        #expect(!core.mayPublish, "the lease went with its connection")
        try refuseEvents(2, in: bench.store)
        await bench.take(.back(.link(.consuming)), .back(.queue(queue)), .back(.lease))
        #expect(core.mayPublish)
        #expect(core.brokerTrouble == nil)
        let log = try bench.log
        for words in [
            "the queue reflow.coordinator cannot be consumed any more", "the broker is away (reset)",
            "the broker is there again", "the queue reflow.coordinator is consumed again",
        ] {
            #expect(log.count { $0.contains(words) } == 1, "\(words)")
        }
        // And it knows that it had it.
        await bench.take(.away(.link(.consuming), "reset"))
        #expect(!core.mayPublish)
    }

    @Test("tells no deaf host again, and tells that it hears")
    func deaf() async throws {
        let bench = try await CoreBench()
        for _ in 0..<4 {
            await bench.hear("a", deaf: "403")
            try await bench.wait(10)
        }
        try await take([.warnings(["odd rights"]), .tick], late: bench)
        await bench.hear("a", deaf: "403")
        try await take([.warnings(["other rights"]), .tick], late: bench)
        await bench.hear("a", deaf: nil)
        let events = try await bench.core.events(EventQuery(type: "host"))
        #expect(events.map(\.type) == ["host.deaf", "host.hears"])
    }

    @Test("leaves a leap out of a silence once")
    func leap() async throws {
        let bench = try await CoreBench()
        await bench.hear("a", .hostState(.living()))
        try await bench.wait(5)
        bench.jump(20)
        try await take([.warnings(["odd rights"]), .tick], late: bench)
        try await bench.wait(24)
        #expect(await bench.core.hosts().map(\.isLost) == [false])
        try await bench.wait(1)
        #expect(await bench.core.hosts().map(\.isLost) == [true])
    }

    @Test("is no time that has passed: what leaps meanwhile is left out of every silence")
    func silence() async throws {
        let bench = try await CoreBench()
        await bench.take(.tick)
        let before = await bench.core.fleet.lastTick
        bench.jump(3600)
        try isReadOnly(true, bench.store)
        let taking = Task {
            await bench.core.take([.heard(named("b"), .hostState(.living()), id: nil, nil), .tick])
        }
        while bench.core.health[.store] == nil { try await Task.sleep(for: .milliseconds(5)) }
        #expect(await bench.core.fleet.lastTick == before)
        try isReadOnly(false, bench.store)
        await taking.value
        #expect(await bench.core.fleet.lastTick == bench.now)
    }

    @Test("with a second worker's word, is told when it is taken again")
    func twin() async throws {
        let bench = try await CoreBench()
        func state(_ instance: String) -> CoreInput {
            var state = HostState.living()
            state.instance = instance
            return .heard(named("a"), .hostState(state), id: nil, nil)
        }
        await bench.take(state("one"), state("two"))
        try await take([state("one"), .tick], late: bench)
        #expect(try bench.log.count { $0.hasPrefix("two workers call themselves host a") } == 1)
    }

    @Test("of a survey that an operator wants, leaves none")
    func survey() async throws {
        let bench = try await CoreBench()
        try isReadOnly(true, bench.store)
        await #expect(throws: (any Error).self) {
            try await bench.core.startSurvey(.init(hosts: [named("a")], paths: ["/a"], top: 20), by: "ada")
        }
        #expect(await bench.core.surveys.tasksInFlight(at: bench.now).isEmpty)
        try isReadOnly(false, bench.store)
        await bench.take(.tick)
        #expect(bench.core.awaited.count == 0)
    }

    @Test("a rollout is set aside with a word also where that could not be stored at once")
    func setAside() async throws {
        var bench = try await CoreBench()
        await bench.hear("a", .hostState(.living()))
        let broken = try await bench.rollout(of: "a")
        try bench.store.writeNow { try $0.run("UPDATE rollout SET state = '{' WHERE id = ?", [broken]) }
        try isReadOnly(true, bench.store)
        await #expect(throws: (any Error).self) { try await bench.restart() }
        try isReadOnly(false, bench.store)
        await bench.take(.tick)
        #expect(try bench.log.count { $0.hasPrefix("the rollout \(broken) is set aside") } == 1)
    }
}

@Suite("Tasks that are awaited") struct AwaitingTests {
    @Test("are those in flight, and none of what was cancelled, has timed out or was asked too long ago")
    func awaited() async throws {
        let bench = try await CoreBench()
        for host in ["a", "b"] { await bench.hear(host, .hostState(.living())) }
        let id = try await bench.rollout(of: "b", silent: ["b"])
        _ = try await bench.core.startSurvey(.init(hosts: [named("c")], paths: ["/a"], top: 20), by: "ada")
        try await bench.publish()
        #expect(bench.core.awaited.isAwaited(nil, of: named("b")))
        #expect(bench.core.awaited.isAwaited(nil, of: named("c")))
        _ = try await bench.core.cancel(id, by: "ada")
        bench.jump(1801)
        await bench.take(.tick)
        #expect(!bench.core.awaited.isAwaited(nil, of: named("b")))
        #expect(!bench.core.awaited.isAwaited(nil, of: named("c")))
    }

    @Test("are counted once when they are resumed")
    func resumed() async throws {
        var (bench, _) = try await CoreBench.working()
        let before = bench.core.awaited.count
        try await bench.core.resume()
        try await bench.core.resume()
        #expect(bench.core.awaited.count == before)
        try await bench.restart()
        #expect(bench.core.awaited.count == before)
    }
}

@Suite("A disk that is frozen", .timeLimit(.minutes(1))) struct FrozenDiskTests {
    @Test("is told, and nobody waits for it but the core; when it goes on, nothing is lost")
    func frozen() async throws {
        let disk = try LoopXFS(mebibytes: 320)
        defer { disk.close() }
        let store = try Store(path: disk.file("reflow.db"))
        let core = Core(
            store: store, fleet: Fleet(lostAfter: 60),
            log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        await core.start()
        await core.take([.back(.link(.publishing)), .back(.link(.consuming))])
        #expect(core.health.readiness.isReady)
        try Tool.run("xfs_freeze", "-f", disk.path)
        let taking = Task { await core.take([.heard(named("a"), .hostState(.living()), id: nil, nil)]) }
        defer { _ = try? Tool.run("xfs_freeze", "-u", disk.path) }
        while core.health.standstill()?.work != .storing {
            try await Task.sleep(for: .milliseconds(5))
        }
        #expect(!core.health.readiness.isReady)
        #expect(core.health.readiness.reasons.first?.contains("disk") == true)
        // It is no reason to end the process, before ten seconds are over.
        #expect(core.health.standstill(longerThan: CoreHealth.longestStandstill) == nil)
        try Tool.run("xfs_freeze", "-u", disk.path)
        await taking.value
        #expect(core.health.readiness.isReady)
        #expect(try store.readNow { try $0.fleet() }.map(\.name) == [named("a")])
        try store.close()
    }
}
