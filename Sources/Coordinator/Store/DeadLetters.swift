import Contract
import Foundation
import GRDB
import ReflowAPI

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
    /// Messages that could not be handled, the newest first, without their bodies: a megabyte each, maybe.
    func deadLetters(limit: Int = 1000) throws -> [KeptDeadLetter] {
        try Row.fetchAll(
            db,
            sql: """
                SELECT id, time, reason, detail, queue, host, messageID, type, x'' AS body, size
                FROM deadLetter ORDER BY id DESC LIMIT ?
                """, arguments: [limit]
        ).map(KeptDeadLetter.init)
    }

    /// One of them; `nil` if it is not there.
    func deadLetter(_ id: Int64) throws -> KeptDeadLetter? { try row(id).map(KeptDeadLetter.init) }

    /// One of them as the message that it was; `nil` if it is not there.
    func deadMessage(_ id: Int64) throws -> DeadLetter? {
        try row(id).map { row in
            DeadLetter(
                reason: row["reason"], detail: row["detail"], queue: row["queue"],
                host: (row["host"] as String?).flatMap { HostName($0) }, messageID: row["messageID"],
                type: row["type"], contentType: row["contentType"], body: Array(row["body"] as Data),
                size: row["size"])
        }
    }

    private func row(_ id: Int64) throws -> Row? {
        try Row.fetchOne(db, sql: "SELECT * FROM deadLetter WHERE id = ?", arguments: [id])
    }
}

extension KeptDeadLetter {
    fileprivate init(_ row: Row) {
        let body: Data = row["body"]
        self.init(
            id: "\(row["id"] as Int64)", time: Timestamp(Date(timeIntervalSince1970: row["time"])),
            reason: row["reason"], size: row["size"])
        (queue, detail, type, messageID) = (row["queue"], row["detail"], row["type"], row["messageID"])
        host = (row["host"] as String?).flatMap { HostName($0) }
        self.body = body.isEmpty ? nil : String(validating: body, as: UTF8.self)
    }
}
