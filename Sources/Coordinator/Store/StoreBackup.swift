import Foundation
import GRDB
import Glibc

/// A copy of a coordinator's database, complete in one file, made from the file itself: the coordinator may be at work on it, or
/// not run at all.
struct StoreBackup {
    /// Where the database is.
    let database: String
    /// Where the copy is to be.
    let copy: String

    /// Copies the database as it is at one moment, looks whether the copy is sound, syncs it, and only then puts it in its place.
    /// The coordinator's own writes do not wait for that; its log grows meanwhile.
    ///
    /// - Returns: the bytes of the copy.
    /// - Throws: ``StoreError``; what was in the copy's place is still there then.
    func make() throws(StoreError) -> Int64 {
        try checkDatabase()
        try checkPlace()
        let partial = copy + ".partial"
        unlink(partial)
        // SQLite would let everybody read it.
        let descriptor = open(partial, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.error(at: partial) }
        defer {
            close(descriptor)
            // There no longer is one where it went well.
            for end in ["", "-journal", "-wal", "-shm"] { unlink(partial + end) }
        }
        do {
            try write(partial)
        } catch let error as StoreError {
            throw error
        } catch {
            throw StoreError(error, at: partial)
        }
        guard fsync(descriptor) == 0, rename(partial, copy) == 0, Self.syncFolder(of: copy) else {
            throw Self.error(at: copy)
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw Self.error(at: copy) }
        return Int64(status.st_size)
    }

    private func write(_ path: String) throws {
        var reading = Configuration()
        reading.label = "backup"
        reading.readonly = true
        reading.busyMode = .timeout(10)
        let source: DatabaseQueue
        do {
            source = try DatabaseQueue(path: database, configuration: reading)
            try source.read { db in
                guard try Int.fetchOne(db, sql: "PRAGMA application_id") == Schema.applicationID else {
                    throw StoreError(.notOurs, "\(database) is not a coordinator's database")
                }
            }
        } catch let error as DatabaseError {
            throw StoreError(error, at: database)
        }
        let target = try DatabaseQueue(path: path)
        // In one step, which is one transaction: no write of the coordinator's begins it again.
        try source.backup(to: target)
        try source.close()
        try target.writeWithoutTransaction { db in
            // One file: without this, opening the copy makes two more beside it.
            try db.execute(sql: "PRAGMA journal_mode = DELETE")
            let verdict = try String.fetchOne(db, sql: "PRAGMA quick_check(1)") ?? "nothing"
            guard verdict == "ok" else {
                throw StoreError(.cannotOpen, "the copy of \(database) is damaged: \(verdict)")
            }
        }
        try target.close()
    }

    private func checkDatabase() throws(StoreError) {
        guard access(database, R_OK) != 0 else { return }
        let number = errno
        guard number == ENOENT || number == ENOTDIR else { throw Self.error(at: database, number) }
        throw StoreError(
            .noFolder,
            "there is no database \(database): name the coordinator's with --database or REFLOW_DATABASE")
    }

    /// Whether the copy may be put in its place: there is nothing, or an older copy.
    private func checkPlace() throws(StoreError) {
        var there = stat()
        guard stat(copy, &there) == 0 else { return }
        var own = stat()
        if stat(database, &own) == 0, own.st_dev == there.st_dev, own.st_ino == there.st_ino {
            throw StoreError(.notOurs, "\(copy) is the database itself: name another file for the copy")
        }
        guard there.st_mode & S_IFMT == S_IFREG, there.st_size == 0 || Self.isOurs(copy) else {
            throw StoreError(
                .notOurs, "\(copy) is there, and not a copy of a coordinator's database: name another file")
        }
    }

    /// Whether the file's header is that of a coordinator's database (sqlite.org/fileformat2, 1.3).
    private static func isOurs(_ path: String) -> Bool {
        guard let file = FileHandle(forReadingAtPath: path),
            let header = try? file.read(upToCount: 72), header.count == 72
        else { return false }
        let owner = header.suffix(4).reduce(0) { $0 << 8 | Int($1) }
        return header.starts(with: Data("SQLite format 3\0".utf8)) && owner == Schema.applicationID
    }

    private static func syncFolder(of path: String) -> Bool {
        let folder = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return fsync(descriptor) == 0
    }

    private static func error(at path: String, _ number: Int32 = errno) -> StoreError {
        StoreError(.cannotOpen, "\(path): \(String(cString: strerror(number)))")
    }
}
