import Contract
import DefragTypes
import Foundation
import GRDB
import ReflowAPI

extension WriteTransaction {
    /// Adds an event, and returns its id.
    @discardableResult
    func log(
        _ type: String, _ text: String, rollout: String? = nil, host: HostName? = nil, subject: String? = nil,
        at now: Date
    ) throws -> Int64 {
        try run(
            "INSERT INTO event (time, type, rollout, host, subject, text) VALUES (?, ?, ?, ?, ?, ?)",
            [now.timeIntervalSince1970, type, rollout, host?.description, subject, text])
        return db.lastInsertedRowID
    }

    /// Forgets all but the latest `most`. Returns how many were forgotten.
    @discardableResult
    func pruneEvents(keeping most: Int) throws -> Int {
        try run("DELETE FROM event WHERE id <= (SELECT max(id) FROM event) - ?", [most])
        return db.changesCount
    }
}

extension ReadTransaction {
    /// Events in the order in which they happened.
    func events(_ query: EventQuery = .init()) throws -> [LoggedEvent] {
        var conditions: [String] = []
        var arguments = StatementArguments()
        func add(_ condition: String, _ value: (some DatabaseValueConvertible)?) {
            guard let value else { return }
            conditions.append(condition)
            arguments += [value]
        }
        if let type = query.type {
            // The slash follows the dot: so an index is used.
            conditions.append("(type = ? OR (type >= ? AND type < ?))")
            arguments += [type, type + ".", type + "/"]
        }
        add("host = ?", query.host?.description)
        add("rollout = ?", query.rollout)
        add("id > ?", query.after)
        add("time >= ?", query.since?.date?.timeIntervalSince1970)
        arguments += [query.limit]
        let isTail = query.after == nil
        let sql =
            "SELECT * FROM event"
            + (conditions.isEmpty ? "" : " WHERE " + conditions.joined(separator: " AND "))
            + " ORDER BY id \(isTail ? "DESC" : "ASC") LIMIT ?"
        let rows = try Row.fetchAll(db.cachedStatement(sql: sql), arguments: arguments)
        return (isTail ? rows.reversed() : rows).map { row in
            LoggedEvent(
                id: row["id"], time: Timestamp(Date(timeIntervalSince1970: row["time"])), type: row["type"],
                rollout: row["rollout"], host: (row["host"] as String?).flatMap { HostName($0) },
                subject: row["subject"], text: row["text"])
        }
    }

    /// Id of the latest event; 0 before the first.
    func lastEventID() throws -> Int64 {
        try Int64.fetchOne(db, sql: "SELECT max(id) FROM event") ?? 0
    }
}
