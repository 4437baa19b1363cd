import Contract
import DefragTypes
import Foundation
import GRDB
import ReflowAPI

extension WriteTransaction {
    /// Puts an action on record, and returns its id.
    @discardableResult
    func record(_ entry: AuditEntry) throws -> Int64 {
        try run(
            "INSERT INTO audit (time, who, action, object, detail) VALUES (?, ?, ?, ?, ?)",
            [
                entry.time.date?.timeIntervalSince1970, entry.who, entry.action, entry.object,
                try entry.detail.map(JSONColumn.text),
            ])
        return db.lastInsertedRowID
    }

    /// Forgets what was done before `date`.
    func pruneAudit(before date: Date) throws {
        // Ids grow with time.
        try run(
            """
            DELETE FROM audit WHERE id < coalesce(
                (SELECT id FROM audit WHERE time >= ? ORDER BY id LIMIT 1), (SELECT max(id) + 1 FROM audit))
            """, [date.timeIntervalSince1970])
    }
}

extension ReadTransaction {
    /// Actions on record, the latest first; of those, the ones before the entry with the id `before`.
    func audit(before: Int64? = nil, limit: Int) throws -> [AuditEntry] {
        let statement = try db.cachedStatement(
            sql: "SELECT * FROM audit WHERE id < ? ORDER BY id DESC LIMIT ?")
        return try Row.fetchAll(statement, arguments: [before ?? .max, limit]).map { row in
            AuditEntry(
                id: row["id"], time: Timestamp(Date(timeIntervalSince1970: row["time"])), who: row["who"],
                action: row["action"], object: row["object"],
                detail: (row["detail"] as String?).flatMap { try? JSONColumn.value($0) })
        }
    }
}
