import Foundation
import GRDB

extension Store {
    /// Who has done what.
    struct AuditEntry: Hashable, Sendable {
        /// Grows; chosen when it is stored.
        var id: Int64 = 0
        var time: Date
        /// A user, or the name of a token.
        var who: String
        /// Such as `rollout.pause`.
        var action: String
        /// To what, such as a rollout's id.
        var object: String
        /// More of it as JSON; `nil` for nothing.
        var detail: String?
    }
}

extension WriteTransaction {
    /// Puts an action on record, and returns its id.
    @discardableResult
    func record(_ entry: Store.AuditEntry) throws -> Int64 {
        try run(
            "INSERT INTO audit (time, who, action, object, detail) VALUES (?, ?, ?, ?, ?)",
            [entry.time.timeIntervalSince1970, entry.who, entry.action, entry.object, entry.detail])
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
    func audit(before: Int64? = nil, limit: Int) throws -> [Store.AuditEntry] {
        let statement = try db.cachedStatement(
            sql: "SELECT * FROM audit WHERE id < ? ORDER BY id DESC LIMIT ?")
        return try Row.fetchAll(statement, arguments: [before ?? .max, limit]).map { row in
            Store.AuditEntry(
                id: row["id"], time: Date(timeIntervalSince1970: row["time"]), who: row["who"],
                action: row["action"], object: row["object"], detail: row["detail"])
        }
    }
}
