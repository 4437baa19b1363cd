import DefragTypes
import Foundation
import GRDB

extension Store {
    /// How long what is over is kept.
    struct Retention: Hashable, Sendable {
        /// Rollouts and their files, after their end.
        var rollouts = Duration.seconds(400 * 86_400)
        /// Plans, after their end: whoever asked for one has read it.
        var plans = Duration.seconds(86_400)
        /// Who did what.
        var audit = Duration.seconds(400 * 86_400)
        /// By what messages are recognised that come again.
        var seenEvents = Duration.seconds(7 * 86_400)
        /// Messages that are recognised, and events in the log, at most: the latest.
        var mostEvents = 1_000_000
        /// Dead letters, at most, and the bytes of their bodies: the latest.
        var mostDeadLetters = 10_000
        var mostDeadLetterBytes = 256 << 20
    }
}

extension WriteTransaction {
    /// Forgets of what grows with every event all but the latest.
    func pruneLogs(_ retention: Store.Retention, at now: Date) throws {
        try pruneSeenEvents(
            before: now - retention.seenEvents.inSeconds, keeping: retention.mostEvents)
        try pruneEvents(keeping: retention.mostEvents)
        try pruneOrderKeys(at: now)
    }

    /// Forgets rollouts, plans and what was done that are older than `retention` says, of rollouts `most` files at a time: a
    /// million of them would hold everything else up.
    ///
    /// - Returns: whether there may be more to forget.
    func prune(_ retention: Store.Retention, at now: Date, files most: Int) throws -> Bool {
        try pruneAudit(before: now - retention.audit.inSeconds)
        guard let rollout = try read.oldRollout(retention, at: now) else { return false }
        // From the last file on; the rollout itself when none is left.
        for table in ["target", "targetResult", "sliceState"] {
            try run(
                """
                DELETE FROM \(table) WHERE rollout = ?
                AND number > (SELECT max(number) FROM \(table) WHERE rollout = ?) - ?
                """, [rollout, rollout, most])
            if db.changesCount > 0 { return true }
        }
        for table in ["tally", "rolloutHost", "surveyPage"] {
            try run("DELETE FROM \(table) WHERE rollout = ?", [rollout])
        }
        try run("DELETE FROM rollout WHERE number = ?", [rollout])
        return true
    }
}

extension ReadTransaction {
    /// Number of the first rollout or plan that ended too long ago; `nil` without one.
    fileprivate func oldRollout(_ retention: Store.Retention, at now: Date) throws -> Int64? {
        let statement = try db.cachedStatement(
            sql: "SELECT number FROM rollout WHERE ended < iif(isPlan, ?, ?) ORDER BY number LIMIT 1")
        let ends = [retention.plans, retention.rollouts].map { now.timeIntervalSince1970 - $0.inSeconds }
        return try Int64.fetchOne(statement, arguments: .init(ends))
    }
}
