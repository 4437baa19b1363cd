import Foundation
import GRDB

extension WriteTransaction {
    /// Stores what is known of the clock.
    func store(_ clock: ClockWatch.Stored) throws {
        try run(
            "INSERT OR REPLACE INTO clock (id, wall, uptime, trusted) VALUES (1, ?, ?, ?)",
            [
                clock.reading.wall.timeIntervalSince1970, clock.reading.uptime,
                clock.trusted.timeIntervalSince1970,
            ])
    }
}

extension ReadTransaction {
    /// What a process before has stored of the clock; `nil` if none has.
    func clock() throws -> ClockWatch.Stored? {
        try Row.fetchOne(db, sql: "SELECT wall, uptime, trusted FROM clock").map { row in
            ClockWatch.Stored(
                reading: ClockReading(wall: Date(timeIntervalSince1970: row[0]), uptime: row[1]),
                trusted: Date(timeIntervalSince1970: row[2]))
        }
    }

    /// When the newest event of the log happened; `nil` before the first.
    func newestRecord() throws -> Date? {
        try Double.fetchOne(db, sql: "SELECT time FROM event ORDER BY id DESC LIMIT 1").map {
            Date(timeIntervalSince1970: $0)
        }
    }
}
