import Contract
import DefragTypes
import Foundation
import GRDB
import ReflowAPI
import Rollout

extension ReadTransaction {
    /// Targets of a rollout in the order of their numbers.
    ///
    /// - Throws: ``StoreError`` `unknown`.
    func targets(of id: String, _ query: TargetQuery = .init()) throws -> [TargetStatus] {
        try rows(of: id, query).compactMap(target)
    }

    /// What has come of each target of a rollout, by hosts.
    ///
    /// - Throws: ``StoreError`` `unknown`.
    func outcomes(of id: String) throws -> [HostName: [DefragResult]] {
        try rows(of: id, .init(limit: .max)).reduce(into: [:]) { outcomes, row in
            guard let target = try target(row) else { return }
            let inode = UInt64(bitPattern: row["inode"] as Int64)
            outcomes[target.host, default: []].append(target.outcome(inode: inode))
        }
    }

    private func rows(of id: String, _ query: TargetQuery) throws -> [Row] {
        let number = try number(of: id)
        var conditions = ["target.rollout = ?", "target.number > ?"]
        var arguments: StatementArguments = [number, query.after ?? -1]
        if let phase = query.state {
            conditions.append("target.state = ?")
            arguments += [phase.rawValue]
        }
        if let host = query.host?.description {
            conditions.append("target.host = (SELECT place FROM rolloutHost WHERE rollout = ? AND name = ?)")
            arguments += [number, host]
        }
        arguments += [query.limit]
        // Left to itself, SQLite goes through all the targets of a rollout to find those of one host.
        let index =
            query.host != nil ? "INDEXED BY targetHost" : query.state != nil ? "INDEXED BY targetState" : ""
        let sql = """
            SELECT target.*, rolloutHost.name AS hostName, fileSystem.uuid, targetResult.result
            FROM target \(index)
            CROSS JOIN rolloutHost ON rolloutHost.rollout = target.rollout AND rolloutHost.place = target.host
            CROSS JOIN fileSystem ON fileSystem.number = target.fileSystem
            LEFT JOIN targetResult ON targetResult.rollout = target.rollout AND targetResult.number = target.number
            WHERE \(conditions.joined(separator: " AND "))
            ORDER BY target.number LIMIT ?
            """
        return try Row.fetchAll(db.cachedStatement(sql: sql), arguments: arguments)
    }

    private func target(_ row: Row) throws -> TargetStatus? {
        guard let host = HostName(row["hostName"] as String) else { return nil }
        var target = TargetStatus(
            number: row["number"], host: host, path: row["path"], size: ByteCount(row["size"] as Int64),
            extents: row["extents"], gainSeconds: row["gain"])
        let state = TargetColumns.state(phase: row["state"], reason: row["reason"], time: row["time"])
        target.state = TargetPhase(state)
        switch state {
        case .pending, .inFlight, .done: break
        case .backingOff(let until, let why): (target.notBefore, target.reason) = (Timestamp(until), why)
        case .skipped(let why), .failed(let why): target.reason = why
        }
        target.cursor = ByteCount(row["cursor"] as Int64)
        target.slices = row["slices"]
        target.failedAttempts = row["fruitless"] == 0 ? nil : row["fruitless"]
        target.result = (row["result"] as String?).flatMap { try? JSONColumn.value($0) }
        return target
    }
}
