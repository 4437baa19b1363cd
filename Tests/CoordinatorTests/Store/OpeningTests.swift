import Contract
import DefragTypes
import Foundation
import GRDB
import Testing

@testable import Coordinator
@testable import ReflowAPI

@Suite("opening the store") struct OpeningTests {
    @Test("makes the file, and syncs each transaction")
    func fresh() async throws {
        let bench = try StoreBench("fresh")
        let store = try Store(path: bench.path)
        let (mode, sync) = try await store.write { unit in
            (
                try String.fetchOne(unit.db, sql: "PRAGMA journal_mode"),
                try Int.fetchOne(unit.db, sql: "PRAGMA synchronous")
            )
        }
        #expect(mode == "wal")
        #expect(sync == 2, "FULL")
        try store.close()
        let attributes = try FileManager.default.attributesOfItem(atPath: bench.path)
        let permissions = try #require(attributes[.posixPermissions] as? Int)
        #expect(permissions & 0o007 == 0)
    }

    @Test("has all in its file once it is closed, also where somebody has read it meanwhile")
    func closed() async throws {
        let bench = try StoreBench("closed")
        let store = try Store(path: bench.path)
        try await store.write { try $0.log("rollout.paused", "paused", at: Date()) }
        _ = try await store.read { try $0.events() }
        try store.close()
        let alone = bench.path + ".alone"
        try FileManager.default.copyItem(atPath: bench.path, toPath: alone)
        let again = try Store(path: alone)
        let events = try await again.read { try $0.events() }
        #expect(events.map(\.text) == ["paused"])
        try again.close()
    }

    @Test("takes an empty file for a new one")
    func empty() async throws {
        let bench = try StoreBench("empty")
        #expect(FileManager.default.createFile(atPath: bench.path, contents: Data()))
        let store = try Store(path: bench.path)
        let fleet = try await store.read { try $0.fleet() }
        #expect(fleet.isEmpty)
    }

    @Test("takes up what a first start has left that had no room for its tables")
    func unfinished() async throws {
        let bench = try StoreBench("unfinished")
        try tamper(bench.path, "CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY)")
        let store = try Store(path: bench.path)
        let fleet = try await store.read { try $0.fleet() }
        #expect(fleet.isEmpty)
        try store.close()
    }

    @Test("a disk that is full is told to who wanted something stored, too")
    func full() throws {
        let bench = try StoreBench("full")
        let store = try Store(path: bench.path)
        let error = #expect(throws: DatabaseError.self) {
            try store.writeNow { write in
                try write.run("PRAGMA max_page_count = 1")
                for number in 1...100_000 {
                    try write.record(.init(time: .now, who: "ada", action: "\(number)", object: "x"))
                }
            }
        }
        #expect(
            Problem(unexpected: try #require(error)).detail
                == "the disk with the coordinator's database is full: make room. Nothing was done"
        )
        struct Other: Error {}
        #expect(
            Problem(unexpected: Other()).detail
                == "nothing came of it; the coordinator's log has more")
        try store.close()
    }

    @Test(
        "says what SQLite says in words, with the file and what to do",
        arguments: [
            (ResultCode.SQLITE_FULL, "the disk with /d/r.db is full: make room, and start again"),
            (.SQLITE_CORRUPT, "/d/r.db is damaged, or its disk (gone). Look at the disk"),
            (.SQLITE_IOERR, "/d/r.db cannot be read or written: gone."),
            (.SQLITE_READONLY, "cannot open /d/r.db for writing: gone"),
            (.SQLITE_BUSY, "cannot use /d/r.db: gone"),
        ])
    func words(code: ResultCode, words: String) {
        let error = StoreError(DatabaseError(resultCode: code, message: "gone"), at: "/d/r.db")
        #expect(error.message.hasPrefix(words), "\(error.message)")
    }

    @Test("keeps a second coordinator away, and says who has it; a third may come when the first has gone")
    func lock() throws {
        let bench = try StoreBench("lock")
        do {
            let first = try Store(path: bench.path)
            let message =
                "\(bench.path) is in use by another coordinator (process \(ProcessInfo.processInfo.processIdentifier)): "
                + "stop it first, or give this one a database of its own"
            #expect(throws: StoreError(.inUse, message)) { try Store(path: bench.path) }
            try first.close()
        }
        #expect(throws: Never.self) { try Store(path: bench.path) }
    }

    @Test("refuses a file that a newer version has written, and leaves it as it is")
    func newer() throws {
        let bench = try StoreBench("newer")
        try Store(path: bench.path).close()
        try tamper(bench.path, "INSERT INTO grdb_migrations VALUES ('2099')")
        let message =
            "\(bench.path) was written by a newer version of reflow: run that one, or restore an older copy of the file"
        #expect(throws: StoreError(.newerSchema, message)) { try Store(path: bench.path) }
    }

    @Test("refuses what is not its own")
    func foreign() throws {
        let bench = try StoreBench("foreign")
        try tamper(bench.path, "CREATE TABLE recipe (name TEXT)")
        #expect(throws: StoreError(.notOurs, "\(bench.path) is the database of another program")) {
            try Store(path: bench.path)
        }
        let text = bench.path + ".txt"
        #expect(
            FileManager.default.createFile(
                atPath: text, contents: Data(String(repeating: "no database ", count: 99).utf8)))
        #expect(throws: StoreError(.notOurs, "\(text) is no database: move it away, or name another file")) {
            try Store(path: text)
        }
    }

    @Test("says that it may not write in a folder, and what to do")
    func readOnly() {
        // Not even root makes a file there.
        let words =
            "cannot write /sys/r.db.lock: Permission denied. Let this user write in that folder, or name another database"
        #expect(throws: StoreError(.cannotOpen, words)) { try Store(path: "/sys/r.db") }
    }

    @Test("names a folder that is not there, and a path that is a folder")
    func nowhere() throws {
        let bench = try StoreBench("nowhere")
        let missing = bench.path + "/not/there"
        #expect(
            throws: StoreError(
                .noFolder,
                "the folder \(bench.path)/not is missing: make it, or name another database")
        ) { try Store(path: missing) }
        try FileManager.default.createDirectory(atPath: bench.path, withIntermediateDirectories: true)
        do throws(StoreError) {
            _ = try Store(path: bench.path)
            Issue.record("a folder was opened")
        } catch {
            #expect(error.code == .cannotOpen)
            #expect(error.message.hasPrefix("cannot open \(bench.path) for writing: "), "\(error)")
        }
    }

    @Test(
        "says to the shell that another start may go better, unless the file is another program's, or has no folder",
        arguments: [
            (StoreError.Code.notOurs, DefragTypes.ExitStatus.configuration), (.newerSchema, .configuration),
            (.noFolder, .configuration),
            (.inUse, .failed), (.cannotOpen, .failed),
        ])
    func exitStatus(code: StoreError.Code, status: DefragTypes.ExitStatus) {
        #expect(Failure(StoreError(code, "trouble")).status == status)
    }

    @Test("has everything that was acknowledged after its process was killed")
    func killed() async throws {
        let bench = try StoreBench("killed")
        let store = try Store(path: bench.path)
        try await store.write { try $0.log("rollout.paused", "paused", at: Date()) }
        // What a killed process leaves behind: the file and its log, never closed.
        let left = bench.path + ".left"
        for end in ["", "-wal"] {
            try FileManager.default.copyItem(atPath: bench.path + end, toPath: left + end)
        }
        try store.close()
        let again = try Store(path: left)
        let events = try await again.read { try $0.events() }
        #expect(events.map(\.text) == ["paused"])
        try again.close()
    }

    @Test("stores all of a transaction or, if it throws, nothing")
    func atomic() async throws {
        struct Stop: Error {}
        let store = try Store.inMemory()
        await #expect(throws: Stop.self) {
            try await store.write { unit in
                try unit.record(.init(time: .now, who: "ada", action: "rollout.pause", object: "r1"))
                try unit.log("rollout.paused", "paused", at: Date())
                _ = try unit.isNew(source: "/hosts/a", id: "1", at: Date())
                throw Stop()
            }
        }
        let (audit, events) = try await store.read { (try $0.audit(limit: 9), try $0.events()) }
        #expect(audit.isEmpty)
        #expect(events.isEmpty)
        let isNew = try await store.write { try $0.isNew(source: "/hosts/a", id: "1", at: Date()) }
        #expect(isNew)
    }

    private func tamper(_ path: String, _ sql: String) throws {
        let queue = try DatabaseQueue(path: path)
        try queue.write { try $0.execute(sql: sql) }
        try queue.close()
    }
}
