import Contract
import DefragTypes
import Foundation
import GRDB
import Rollout

extension Store {
    /// A target in a listing.
    struct TargetRow: Sendable {
        /// Its number in the rollout.
        var number: Int
        var host: HostName
        var file: TargetFile
        /// As it was surveyed.
        var size: ByteCount
        var extents: Int
        /// Seconds of a reflink copy that were to be gained.
        var gain: Double
        var state: Target.State
        /// Where the next slice starts.
        var cursor: ByteCount
        /// Extra space that its slices have cost.
        var unshared: ByteCount
        /// Slices that were sent.
        var slices: Int
        /// Attempts in a row that came to nothing.
        var fruitless: Int
        /// How its slices have ended, taken together; `nil` before the first has.
        var result: DefragResult?
    }

    /// Which targets are asked for; `nil` for all.
    struct TargetFilter: Hashable, Sendable {
        var phase: TargetPhase?
        var host: String?
        /// Only those with a higher number.
        var after: Int?
        /// Most of them.
        var limit = 100
    }
}

extension ReadTransaction {
    /// Targets of a rollout in the order of their numbers.
    ///
    /// - Throws: ``StoreError`` `unknown`.
    func targets(of id: String, _ filter: Store.TargetFilter = .init()) throws -> [Store.TargetRow] {
        let number = try number(of: id)
        var conditions = ["target.rollout = ?", "target.number > ?"]
        var arguments: StatementArguments = [number, filter.after ?? -1]
        if let phase = filter.phase {
            conditions.append("target.state = ?")
            arguments += [phase.rawValue]
        }
        if let host = filter.host {
            conditions.append("target.host = (SELECT place FROM rolloutHost WHERE rollout = ? AND name = ?)")
            arguments += [number, host]
        }
        arguments += [filter.limit]
        // Left to itself, SQLite goes through all the targets of a rollout to find those of one host.
        let index =
            filter.host != nil ? "INDEXED BY targetHost" : filter.phase != nil ? "INDEXED BY targetState" : ""
        let sql = """
            SELECT target.*, rolloutHost.name AS hostName, fileSystem.uuid, targetResult.result
            FROM target \(index)
            CROSS JOIN rolloutHost ON rolloutHost.rollout = target.rollout AND rolloutHost.place = target.host
            CROSS JOIN fileSystem ON fileSystem.number = target.fileSystem
            LEFT JOIN targetResult ON targetResult.rollout = target.rollout AND targetResult.number = target.number
            WHERE \(conditions.joined(separator: " AND "))
            ORDER BY target.number LIMIT ?
            """
        return try Row.fetchAll(db.cachedStatement(sql: sql), arguments: arguments).compactMap(target)
    }

    private func target(_ row: Row) throws -> Store.TargetRow? {
        guard let host = HostName(row["hostName"] as String) else { return nil }
        return Store.TargetRow(
            number: row["number"], host: host,
            file: Store.TargetFile(
                path: row["path"], fileSystem: row["uuid"], inode: UInt64(bitPattern: row["inode"] as Int64)),
            size: ByteCount(row["size"] as Int64), extents: row["extents"], gain: row["gain"],
            state: TargetColumns.state(phase: row["state"], reason: row["reason"], time: row["time"]),
            cursor: ByteCount(row["cursor"] as Int64), unshared: ByteCount(row["unshared"] as Int64),
            slices: row["slices"], fruitless: row["fruitless"],
            result: try (row["result"] as String?).map { try JSONColumn.value($0) })
    }
}
