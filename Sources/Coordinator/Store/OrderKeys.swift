import Foundation
import GRDB

extension Store {
    /// Seconds for which it is known what came of an order.
    static let orderMemory: TimeInterval = 86_400

    /// What came of an order that was given before.
    struct KnownOrder: Hashable, Sendable {
        /// What was asked for.
        var request: [UInt8]
        /// Such as the id of the rollout.
        var answer: String
    }
}

extension WriteTransaction {
    /// Stores what came of an order, together with it.
    func remember(_ key: OrderKey, of who: String, answer: String, at now: Date) throws {
        try run(
            "INSERT INTO orderKey (who, key, request, answer, time) VALUES (?, ?, ?, ?, ?)",
            [who, key.text, Data(key.request), answer, now.timeIntervalSince1970])
    }

    /// Forgets those that are too old.
    func pruneOrderKeys(at now: Date) throws {
        try run("DELETE FROM orderKey WHERE time < ?", [now.timeIntervalSince1970 - Store.orderMemory])
    }
}

extension ReadTransaction {
    /// What came of the order that `who` has called `key`; `nil` if there was none.
    func order(_ key: String, of who: String) throws -> Store.KnownOrder? {
        try Row.fetchOne(
            db.cachedStatement(sql: "SELECT request, answer FROM orderKey WHERE who = ? AND key = ?"),
            arguments: [who, key]
        ).map { Store.KnownOrder(request: Array($0[0] as Data), answer: $0[1]) }
    }
}
