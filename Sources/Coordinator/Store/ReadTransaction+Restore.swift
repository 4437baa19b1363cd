import Contract
import DefragTypes
import Foundation
import GRDB
import Rollout

extension ReadTransaction {
    /// Ids of the rollouts that have not ended, in the order in which they were made.
    func unfinishedRollouts() throws -> [String] {
        let rows = try Row.fetchAll(db, sql: "SELECT id, phase FROM rollout ORDER BY number")
        return rows.filter { Rollout.Phase(rawValue: $0[1])?.isEnded != true }.map { $0[0] }
    }

    /// A rollout as it was last stored, ready to go on.
    ///
    /// - Throws: ``StoreError`` `unknown`.
    func restore(_ id: String, at now: Date) throws -> Rollout {
        let number = try number(of: id)
        let state: Rollout.State = try JSONColumn.value(
            String.fetchOne(db, sql: "SELECT state FROM rollout WHERE number = ?", arguments: [number]) ?? "")
        let pages = try surveyPages(of: number)
        let hosts = try Row.fetchAll(
            db, sql: "SELECT name, state FROM rolloutHost WHERE rollout = ? ORDER BY place",
            arguments: [number]
        ).map { row in
            guard let name = HostName(row["name"] as String) else {
                throw StoreError(
                    .notOurs, "the rollout \(id) has a host that is no host: '\(row["name"] as String)'")
            }
            return Rollout.StoredHost(
                name: name, state: try JSONColumn.value(row["state"]), pages: pages[name] ?? [])
        }
        let targets = try StoredTargets(db, rollout: number, hosts: hosts.map(\.name))
        // Not the time: a clock may be set back, and a backup be restored twice.
        let epoch = String(newMessageID().prefix(8))
        let rollout = Rollout(id: id, state: state, hosts: hosts, targets: targets, epoch: epoch, at: now)
        if let error = targets.error { throw error }
        return rollout
    }

    /// What a slice's task needs to know of a target.
    ///
    /// - Throws: ``StoreError`` `unknown`.
    func file(of target: Int, in rollout: String) throws -> Store.TargetFile {
        let statement = try db.cachedStatement(
            sql: """
                SELECT path, uuid, inode FROM target JOIN fileSystem ON fileSystem.number = target.fileSystem
                WHERE rollout = (SELECT number FROM rollout WHERE id = ?) AND target.number = ?
                """)
        guard let row = try Row.fetchOne(statement, arguments: [rollout, target]) else {
            throw StoreError(.unknown, "there is no target \(target) in a rollout '\(rollout)'")
        }
        return Store.TargetFile(
            path: row["path"], fileSystem: row["uuid"], inode: UInt64(bitPattern: row["inode"] as Int64))
    }

    /// What the next slice of a target is to be given; `nil` if nothing, or nothing that this version understands.
    func sliceState(of target: Int, in rollout: String) throws -> SliceState? {
        let statement = try db.cachedStatement(
            sql: """
                SELECT state FROM sliceState
                WHERE rollout = (SELECT number FROM rollout WHERE id = ?) AND number = ?
                """)
        return try String.fetchOne(statement, arguments: [rollout, target]).flatMap {
            try? JSONColumn.value($0)
        }
    }
}

extension Store {
    /// Which file a target is.
    struct TargetFile: Hashable, Sendable {
        var path: String
        /// UUID of its file system.
        var fileSystem: String
        var inode: UInt64
    }
}

/// The targets of a rollout in the order of their numbers, row by row: a million of them pass without being held.
private final class StoredTargets: Sequence, IteratorProtocol {
    /// What has ended the sequence too early.
    private(set) var error: (any Error)?
    private let rows: RowCursor
    private let hosts: [HostName]
    private var fileSystems: [Int64: String] = [:]
    private var count = 0

    init(_ db: Database, rollout: Int64, hosts: [HostName]) throws {
        self.hosts = hosts
        for row in try Row.fetchAll(db, sql: "SELECT number, uuid FROM fileSystem") {
            fileSystems[row[0]] = row[1]
        }
        rows = try Row.fetchCursor(
            db,
            sql: """
                SELECT host, fileSystem, size, gain, state, reason, time, cursor, unshared, slices, fruitless, number, budgetLeft
                FROM target WHERE rollout = ? ORDER BY number
                """, arguments: [rollout])
    }

    func next() -> Rollout.StoredTarget? {
        do {
            guard error == nil, let row = try rows.next() else { return nil }
            return try target(row)
        } catch {
            self.error = error
            return nil
        }
    }

    private func target(_ row: Row) throws -> Rollout.StoredTarget {
        let place: Int = row[0]
        let number: Int = row[11]
        guard hosts.indices.contains(place), number == count else {
            throw StoreError(.notOurs, "a file of the rollout is missing, or belongs to no host of it")
        }
        count += 1
        return Rollout.StoredTarget(
            host: hosts[place], fileSystem: fileSystems[row[1]] ?? "", size: ByteCount(row[2] as Int64),
            gain: row[3], state: TargetColumns.state(phase: row[4], reason: row[5], time: row[6]),
            cursor: ByteCount(row[7] as Int64), unshared: ByteCount(row[8] as Int64),
            budgetLeft: (row[12] as Int64?).map { ByteCount($0) }, slices: row[9], fruitless: row[10])
    }
}
