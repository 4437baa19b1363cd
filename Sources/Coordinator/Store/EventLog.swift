import Foundation
import GRDB

extension Store {
    /// Something that has happened, for operators to read.
    struct Event: Hashable, Sendable {
        /// Grows; chosen when it is stored.
        var id: Int64 = 0
        var time: Date
        /// Such as `rollout.paused`.
        var type: String
        /// Which rollout, host, file it is about; `nil` for none.
        var rollout: String?
        var host: String?
        var subject: String?
        /// A sentence.
        var text: String
    }

    /// Which events are asked for; `nil` for all.
    struct EventFilter: Hashable, Sendable {
        /// This one, and those that begin with it and a dot.
        var type: String?
        var host: String?
        var rollout: String?
        /// Only later ones than the one with this id.
        var after: Int64?
        /// Only those of this time and later.
        var since: Date?
        /// Most of them: with `after` the first, without the last.
        var limit = 100
    }
}

extension WriteTransaction {
    /// Adds an event, and returns its id.
    @discardableResult
    func log(_ event: Store.Event) throws -> Int64 {
        try run(
            "INSERT INTO event (time, type, rollout, host, subject, text) VALUES (?, ?, ?, ?, ?, ?)",
            [
                event.time.timeIntervalSince1970, event.type, event.rollout, event.host, event.subject,
                event.text,
            ])
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
    func events(_ filter: Store.EventFilter = .init()) throws -> [Store.Event] {
        var conditions: [String] = []
        var arguments = StatementArguments()
        func add(_ condition: String, _ value: (some DatabaseValueConvertible)?) {
            guard let value else { return }
            conditions.append(condition)
            arguments += [value]
        }
        if let type = filter.type {
            // The slash follows the dot: so an index is used.
            conditions.append("(type = ? OR (type >= ? AND type < ?))")
            arguments += [type, type + ".", type + "/"]
        }
        add("host = ?", filter.host)
        add("rollout = ?", filter.rollout)
        add("id > ?", filter.after)
        add("time >= ?", filter.since?.timeIntervalSince1970)
        arguments += [filter.limit]
        let isTail = filter.after == nil
        let sql =
            "SELECT * FROM event"
            + (conditions.isEmpty ? "" : " WHERE " + conditions.joined(separator: " AND "))
            + " ORDER BY id \(isTail ? "DESC" : "ASC") LIMIT ?"
        let rows = try Row.fetchAll(db.cachedStatement(sql: sql), arguments: arguments)
        return (isTail ? rows.reversed() : rows).map { row in
            Store.Event(
                id: row["id"], time: Date(timeIntervalSince1970: row["time"]), type: row["type"],
                rollout: row["rollout"], host: row["host"], subject: row["subject"], text: row["text"])
        }
    }

    /// Id of the latest event; 0 before the first.
    func lastEventID() throws -> Int64 {
        try Int64.fetchOne(db, sql: "SELECT max(id) FROM event") ?? 0
    }
}
