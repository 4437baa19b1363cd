import DefragTypes
import Foundation
import GRDB
import ReflowAPI
import Rollout

extension WriteTransaction {
    /// Stores the targets that a host's survey has found.
    func insert(_ found: RolloutDelta.Found, into rollout: Int64) throws {
        let statement = try db.cachedStatement(
            sql: """
                INSERT INTO target (
                    rollout, number, host, fileSystem, inode, size, extents, gain, state, reason, time, cursor, unshared,
                    slices, fruitless, extentsAfter, rewritten, path)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?)
                """)
        var fileSystems: [String: Int64] = [:]
        for (offset, (file, target)) in zip(found.files, found.targets).enumerated() {
            let fileSystem = try fileSystems[file.fileSystem] ?? number(ofFileSystem: file.fileSystem)
            fileSystems[file.fileSystem] = fileSystem
            let columns = TargetColumns(target.state)
            try statement.execute(arguments: [
                rollout, found.first + offset, target.host, fileSystem, Int64(bitPattern: file.inode),
                target.size.rawValue, file.statistics.extents, target.gain, columns.phase.rawValue,
                columns.reason?.rawValue, columns.time?.timeIntervalSince1970, target.cursor.rawValue,
                target.unshared.rawValue, target.slices, target.fruitless, file.statistics.extents, file.path,
            ])
            if let refusal = file.refusal { try store(refusal, of: found.first + offset, in: rollout) }
        }
    }

    /// Stores what may change of a target.
    func update(_ number: Int, _ target: Target, of rollout: Int64) throws {
        let columns = TargetColumns(target.state)
        try run(
            """
            UPDATE target SET state = ?, reason = ?, time = ?, cursor = ?, unshared = ?, budgetLeft = ?, slices = ?, fruitless = ?
            WHERE rollout = ? AND number = ?
            """,
            [
                columns.phase.rawValue, columns.reason?.rawValue, columns.time?.timeIntervalSince1970,
                target.cursor.rawValue, target.unshared.rawValue, target.budgetLeft?.rawValue, target.slices,
                target.fruitless, rollout, number,
            ])
    }

    /// Stores how a slice of a target has ended, on top of those before it.
    func add(_ slice: DefragResult, to number: Int, of rollout: Int64) throws {
        // What an older version has stored and this one refuses begins anew.
        let before = try? read.result(of: number, in: rollout)
        let merged = before.map { $0.followed(by: slice) } ?? slice
        try store(merged, of: number, in: rollout)
        // Whoever could not open the file has not counted its extents.
        let extents = slice.inode == 0 ? nil : slice.extents.after
        try run(
            "UPDATE target SET rewritten = ?, extentsAfter = coalesce(?, extentsAfter) WHERE rollout = ? AND number = ?",
            [merged.bytes.rewritten.rawValue, extents, rollout, number])
    }

    /// Stores what the next slice of a target is to be given; with `nil`, nothing.
    func replaceState(of number: Int, in rollout: Int64, with state: SliceState?) throws {
        guard let state else {
            return try run("DELETE FROM sliceState WHERE rollout = ? AND number = ?", [rollout, number])
        }
        try run(
            "INSERT OR REPLACE INTO sliceState (rollout, number, state) VALUES (?, ?, ?)",
            [rollout, number, try JSONColumn.text(state)])
    }

    private func store(_ result: DefragResult, of number: Int, in rollout: Int64) throws {
        try run(
            "INSERT OR REPLACE INTO targetResult (rollout, number, result) VALUES (?, ?, ?)",
            [rollout, number, try JSONColumn.text(result)])
    }

    private func number(ofFileSystem uuid: String) throws -> Int64 {
        try run("INSERT INTO fileSystem (uuid) VALUES (?) ON CONFLICT DO NOTHING", [uuid])
        let statement = try db.cachedStatement(sql: "SELECT number FROM fileSystem WHERE uuid = ?")
        guard let number = try Int64.fetchOne(statement, arguments: [uuid]) else {
            throw StoreError(.unknown, "file system \(uuid) cannot be stored")
        }
        return number
    }
}

extension FileSurvey {
    /// What came of it, where it cannot be defragmented as it is.
    fileprivate var refusal: DefragResult? {
        guard let obstacle else { return nil }
        var result = DefragResult(
            path: path, status: .skipped, reason: obstacle.reason, message: obstacle.message)
        result.inode = inode
        result.size = size
        result.extents = .init(before: statistics.extents, after: statistics.extents)
        return result
    }
}

extension ReadTransaction {
    /// How the slices of a target have ended, taken together; `nil` before the first has.
    func result(of number: Int, in rollout: Int64) throws -> DefragResult? {
        let statement = try db.cachedStatement(
            sql: "SELECT result FROM targetResult WHERE rollout = ? AND number = ?")
        return try String.fetchOne(statement, arguments: [rollout, number]).map { try JSONColumn.value($0) }
    }
}
