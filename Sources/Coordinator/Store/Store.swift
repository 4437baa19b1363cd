import Foundation
import GRDB

/// What the coordinator knows, in SQLite: rollouts, targets, hosts, what is to be published, what has happened.
///
/// What one event causes is written in one transaction, or not at all. A transaction that has returned survives a power
/// cut: the log is synced at each commit. Readers do not wait for the writer.
final class Store: Sendable {
    private let database: any DatabaseWriter
    private let lock: StoreLock?

    private init(_ database: any DatabaseWriter, _ lock: StoreLock?) throws {
        self.database = database
        self.lock = lock
        try Schema.migrator.migrate(database)
    }

    /// Opens the database at `path`; makes it if it is not there. Its folder must be.
    ///
    /// - Throws: ``StoreError``: everything but `unknown`.
    convenience init(path: String) throws(StoreError) {
        let lock = try StoreLock(path: path + ".lock", for: path)
        do {
            var configuration = Configuration()
            configuration.label = "store"
            // Somebody may look at it with sqlite3, or copy it.
            configuration.busyMode = .timeout(10)
            // Whoever may connect to the coordinator may read it; SQLite would let everybody.
            Glibc.close(open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o640))
            try Self.check(path, configuration)
            let pool = try DatabasePool(path: path, configuration: configuration)
            try pool.writeWithoutTransaction { db in
                // The pool has chosen NORMAL, with which a power cut may lose the last transactions.
                try db.execute(sql: "PRAGMA synchronous = FULL")
                // 16 MiB: targets are updated all over a table of some hundred.
                try db.execute(sql: "PRAGMA cache_size = -16384")
            }
            try self.init(pool, lock)
        } catch let error as StoreError {
            throw error
        } catch {
            throw StoreError(error, at: path)
        }
    }

    /// A store that ends with the process.
    static func inMemory() throws -> Store {
        try Store(DatabaseQueue(), nil)
    }

    /// Closes the database; nothing can be done with it afterwards. The file alone has everything then.
    func close() throws {
        // SQLite does so with the last connection, unless that only reads, as the pool's last may.
        try? database.writeWithoutTransaction { try $0.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)") }
        try database.close()
    }

    /// Looks at the store as it is at one moment.
    ///
    /// - Throws: what `work` throws; `DatabaseError`; `CancellationError`.
    func read<T: Sendable>(_ work: @Sendable (ReadTransaction) throws -> T) async throws -> T {
        try await database.read { try work(ReadTransaction(db: $0)) }
    }

    /// Carries out `work` in one transaction: all of it is stored, or, if it throws, nothing. For whoever has a thread of its
    /// own: returns once it is stored.
    ///
    /// - Throws: what `work` throws; `DatabaseError`.
    func writeNow<T>(_ work: (WriteTransaction) throws -> T) throws -> T {
        try database.write { try work(WriteTransaction(db: $0)) }
    }

    /// Writes something that changes nothing, synced as all else is: returns if the disk takes it.
    ///
    /// - Throws: `DatabaseError`.
    func probe() throws {
        // The number is not used; setting it writes the page that it is in.
        try writeNow { try $0.db.execute(sql: "PRAGMA user_version = 0") }
    }

    /// ``read(_:)`` for whoever has a thread of its own.
    func readNow<T>(_ work: (ReadTransaction) throws -> T) throws -> T {
        // Not one of the connections that others read by: those may all be busy.
        try database.writeWithoutTransaction { try work(ReadTransaction(db: $0)) }
    }

    /// Looks whether `path` is a database that this version may use, before anything in it is changed.
    private static func check(_ path: String, _ configuration: Configuration) throws {
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        try queue.read { db in
            let owner = try Int.fetchOne(db, sql: "PRAGMA application_id") ?? 0
            // The list of migrations is made before the first of them: where that failed, as on a full disk, the next start begins.
            let isEmpty =
                try Int.fetchOne(
                    db, sql: "SELECT count(*) FROM sqlite_schema WHERE tbl_name <> 'grdb_migrations'") == 0
            guard owner == Schema.applicationID || (owner == 0 && isEmpty) else {
                throw StoreError(.notOurs, "\(path) is the database of another program")
            }
            guard try !Schema.migrator.hasBeenSuperseded(db) else {
                throw StoreError(
                    .newerSchema,
                    "\(path) was written by a newer version of reflow: run that one, or restore an older copy of the file"
                )
            }
        }
        try queue.close()
    }
}

/// What can be asked of the store; valid within the closure only.
struct ReadTransaction {
    let db: Database
}

/// What can be stored; valid within the closure only.
struct WriteTransaction {
    let db: Database

    /// The store as this transaction has left it so far.
    var read: ReadTransaction { ReadTransaction(db: db) }

    /// Runs a statement, prepared once for all times.
    func run(_ sql: String, _ arguments: StatementArguments = []) throws {
        try db.cachedStatement(sql: sql).execute(arguments: arguments)
    }
}
