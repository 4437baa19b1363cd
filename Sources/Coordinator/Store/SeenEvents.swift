import Foundation
import GRDB

/// Events that were taken in: the broker may deliver one twice, days apart.
extension WriteTransaction {
    /// Whether this event was not seen before; from now on it was.
    func isNew(source: String, id: String, at now: Date) throws -> Bool {
        try run(
            "INSERT INTO seenEvent (source, id, time) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            [source, id, now.timeIntervalSince1970])
        return db.changesCount == 1
    }

    /// Forgets what was seen before `date`, and all but the latest `most`. Returns how many were forgotten.
    @discardableResult
    func pruneSeenEvents(before date: Date, keeping most: Int) throws -> Int {
        // Numbers grow with time: both bounds are one number, and what is deleted lies together.
        try run(
            """
            DELETE FROM seenEvent WHERE number <= (SELECT max(number) FROM seenEvent) - ?
            OR number < (SELECT coalesce(
                (SELECT number FROM seenEvent WHERE time >= ? ORDER BY number LIMIT 1),
                (SELECT max(number) + 1 FROM seenEvent)))
            """,
            [most, date.timeIntervalSince1970])
        return db.changesCount
    }
}

extension ReadTransaction {
    /// Whether an event was taken in before.
    func isSeen(source: String, id: String) throws -> Bool {
        let statement = try db.cachedStatement(sql: "SELECT 1 FROM seenEvent WHERE source = ? AND id = ?")
        return try Int.fetchOne(statement, arguments: [source, id]) != nil
    }
}
