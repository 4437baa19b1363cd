import Contract
import Foundation
import GRDB

extension Store {
    /// A message that could not be handled, kept until an operator has looked at it.
    struct KeptLetter: Hashable, Sendable {
        /// Grows; chosen when it is stored.
        var id: Int64
        /// When it was found.
        var time: Date
        var letter: DeadLetter
    }
}

extension WriteTransaction {
    /// Keeps a message that could not be handled, unless the same one is kept already for the same reason: the broker may
    /// deliver a letter twice.
    func keep(_ letter: DeadLetter, at now: Date) throws {
        try run(
            """
            INSERT INTO deadLetter (time, reason, detail, queue, host, messageID, type, contentType, body, size)
            SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?
            WHERE NOT EXISTS (SELECT 1 FROM deadLetter WHERE messageID = ? AND reason = ? AND queue IS ?)
            """,
            [
                now.timeIntervalSince1970, letter.reason, letter.detail, letter.queue,
                letter.host?.description,
                letter.messageID, letter.type, letter.contentType, Data(letter.body), letter.size,
                letter.messageID, letter.reason, letter.queue,
            ])
    }

    /// Forgets a kept message.
    func forget(deadLetter id: Int64) throws {
        try run("DELETE FROM deadLetter WHERE id = ?", [id])
    }

    /// Forgets all but the latest `most`.
    func pruneDeadLetters(keeping most: Int) throws {
        try run("DELETE FROM deadLetter WHERE id <= (SELECT max(id) FROM deadLetter) - ?", [most])
    }
}

extension ReadTransaction {
    /// Messages that could not be handled, the newest first, without their contents: a megabyte each, maybe.
    func deadLetters(limit: Int = 1000) throws -> [Store.KeptLetter] {
        try Row.fetchAll(
            db,
            sql: """
                SELECT id, time, reason, detail, queue, host, messageID, type, contentType, x'' AS body, size
                FROM deadLetter ORDER BY id DESC LIMIT ?
                """, arguments: [limit]
        ).map(keptLetter)
    }

    /// One of them; `nil` if it is not there.
    func deadLetter(_ id: Int64) throws -> Store.KeptLetter? {
        try Row.fetchOne(db, sql: "SELECT * FROM deadLetter WHERE id = ?", arguments: [id]).map(keptLetter)
    }

    private func keptLetter(_ row: Row) -> Store.KeptLetter {
        let body: Data = row["body"]
        return Store.KeptLetter(
            id: row["id"], time: Date(timeIntervalSince1970: row["time"]),
            letter: DeadLetter(
                reason: row["reason"], detail: row["detail"], queue: row["queue"],
                host: (row["host"] as String?).flatMap { HostName($0) }, messageID: row["messageID"],
                type: row["type"], contentType: row["contentType"], body: Array(body), size: row["size"]))
    }
}
