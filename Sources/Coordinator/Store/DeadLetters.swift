import Contract
import DefragTypes
import Foundation
import GRDB
import ReflowAPI

extension DeadLetter {
    /// Most that are kept of one account and host, and most bytes of their contents. What the broker has moved has the coordinator's
    /// account, and the hosts for which it was.
    static let mostOfOne = 200
    static let mostBytesOfOne = 4 << 20
}

extension WriteTransaction {
    /// Keeps a message that could not be handled, unless the same one is kept already for the same reason: the broker may
    /// deliver a letter twice.
    func keep(_ letter: DeadLetter, at now: Date) throws {
        try run(
            """
            INSERT INTO deadLetter (
                time, reason, detail, queue, host, account, messageID, type, contentType, body, size)
            SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?
            WHERE NOT EXISTS (SELECT 1 FROM deadLetter WHERE messageID = ? AND reason = ? AND queue IS ?)
            """,
            [
                now.timeIntervalSince1970, letter.reason, letter.detail, letter.queue,
                letter.host?.description, letter.account,
                letter.messageID, letter.type, letter.contentType, Data(letter.body), letter.size,
                letter.messageID, letter.reason, letter.queue,
            ])
        // Of each the latest: none may fill the disk, nor push those of others out.
        try run(
            """
            DELETE FROM deadLetter WHERE id IN (
                SELECT id FROM (
                    SELECT id, row_number() OVER letters AS place, sum(length(body)) OVER letters AS bytes
                    FROM deadLetter WHERE account IS ? AND host IS ? WINDOW letters AS (ORDER BY id DESC))
                WHERE place > ? OR bytes > ?)
            """,
            [letter.account, letter.host?.description, DeadLetter.mostOfOne, DeadLetter.mostBytesOfOne])
    }

    /// Forgets a kept message.
    func forget(deadLetter id: Int64) throws {
        try run("DELETE FROM deadLetter WHERE id = ?", [id])
    }

    /// Forgets all but the latest.
    func pruneDeadLetters(_ retention: Store.Retention) throws {
        try run(
            """
            DELETE FROM deadLetter WHERE id IN (
                SELECT id FROM (
                    SELECT id, row_number() OVER letters AS place, sum(length(body)) OVER letters AS bytes
                    FROM deadLetter WINDOW letters AS (ORDER BY id DESC))
                WHERE place > ? OR bytes > ?)
            """, [retention.mostDeadLetters, retention.mostDeadLetterBytes])
    }
}

extension ReadTransaction {
    /// Messages that could not be handled, the newest first, without their bodies: a megabyte each, maybe.
    func deadLetters(limit: Int = 1000) throws -> [KeptDeadLetter] {
        try Row.fetchAll(
            db,
            sql: """
                SELECT id, time, reason, detail, queue, host, account, messageID, type, x'' AS body, size
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
                host: (row["host"] as String?).flatMap { HostName($0) }, account: row["account"],
                messageID: row["messageID"],
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
        account = row["account"]
        self.body = body.isEmpty ? nil : String(validating: body, as: UTF8.self)
    }
}
