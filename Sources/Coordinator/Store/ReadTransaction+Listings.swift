import Contract
import DefragTypes
import Foundation
import GRDB
import ReflowAPI
import Rollout

extension Store {
    /// A rollout in a listing.
    struct RolloutRow: Sendable {
        var id: String
        var state: Rollout.State
        var created: Date
        /// `nil` before it has.
        var ended: Date?
        /// Longest time for which any of its files was locked, in milliseconds.
        var longestPauseMs: Double
        /// `nil` where no worker has told whether its pauses were too long.
        var pauses: RolloutStatus.Pauses?
        /// How many hosts it has in each phase.
        var hosts: [RolloutHost.Phase: Int]
        var totals: Totals
    }

    /// A host of a rollout in a listing.
    struct HostRow: Sendable {
        var name: HostName
        var state: RolloutHost.State
        var totals: Totals
    }
}

extension ReadTransaction {
    /// Rollouts, the latest first, without plans.
    func rollouts(limit: Int) throws -> [Store.RolloutRow] {
        try rollouts("WHERE NOT isPlan ORDER BY number DESC LIMIT ?", [limit])
    }

    /// One rollout or plan.
    ///
    /// - Throws: ``StoreError`` `unknown`.
    func rollout(_ id: String) throws -> Store.RolloutRow {
        guard let row = try rollouts("WHERE id = ?", [id]).first else {
            throw StoreError(.unknown, "there is no rollout '\(id)'")
        }
        return row
    }

    /// Ids of the rollouts that an operator may mean by `text`: at most one by its id (also a plan) or its name (the newest that
    /// has not ended before those that have), or else those whose ids begin like that, at most ten.
    func rollouts(meantBy text: String) throws -> [String] {
        let ways = [
            "id = ?", "name = ? AND NOT isPlan ORDER BY ended IS NULL DESC, number DESC LIMIT 1",
            "NOT isPlan AND instr(id, ?) = 1 ORDER BY number DESC LIMIT 10",
        ]
        for way in text.isEmpty ? [] : ways {
            let found = try String.fetchAll(db, sql: "SELECT id FROM rollout WHERE \(way)", arguments: [text])
            guard found.isEmpty else { return found }
        }
        return []
    }

    /// The hosts of a rollout in the order of their names: those after `host`.
    ///
    /// - Throws: ``StoreError`` `unknown`.
    func hosts(of id: String, after host: String = "", limit: Int) throws -> [Store.HostRow] {
        let number = try number(of: id)
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT place, name, state FROM rolloutHost WHERE rollout = ? AND name > ? ORDER BY name LIMIT ?
                """, arguments: [number, host, limit])
        guard let first: Int = rows.first?["place"], let last: Int = rows.last?["place"] else { return [] }
        var totals: [Int: Store.Totals] = [:]
        // Places are in the order of names, too.
        let tallies = try Row.fetchCursor(
            db,
            sql: """
                SELECT host, \(Self.sums) FROM tally WHERE rollout = ? AND host BETWEEN ? AND ? GROUP BY host, state
                """, arguments: [number, first, last])
        while let row = try tallies.next() { add(row, to: &totals[row[0], default: .init()]) }
        return try rows.compactMap { row in
            guard let name = HostName(row["name"] as String) else { return nil }
            return Store.HostRow(
                name: name, state: try JSONColumn.value(row["state"]), totals: totals[row["place"]] ?? .init()
            )
        }
    }

    private func rollouts(_ which: String, _ arguments: StatementArguments) throws -> [Store.RolloutRow] {
        let rows = try Row.fetchAll(
            db,
            sql:
                "SELECT number, id, state, created, ended, longestPause, pauses, pausesOver FROM rollout \(which)",
            arguments: arguments)
        return try rows.compactMap { row in
            // One that cannot be read keeps the others from nothing.
            guard let state: Rollout.State = try? JSONColumn.value(row["state"]) else { return nil }
            let number: Int64 = row["number"]
            var totals: [Int64: Store.Totals] = [:]
            let tallies = try Row.fetchCursor(
                db.cachedStatement(
                    sql: "SELECT rollout, \(Self.sums) FROM tally WHERE rollout = ? GROUP BY state"),
                arguments: [number])
            while let row = try tallies.next() { add(row, to: &totals[row[0], default: .init()]) }
            return Store.RolloutRow(
                id: row["id"], state: state,
                created: Date(timeIntervalSince1970: row["created"]),
                ended: (row["ended"] as Double?).map(Date.init(timeIntervalSince1970:)),
                longestPauseMs: row["longestPause"],
                pauses: row["pauses"] == 0 ? nil : .init(count: row["pauses"], over: row["pausesOver"]),
                hosts: try hostPhases(of: number),
                totals: totals[number] ?? .init())
        }
    }

    private func hostPhases(of number: Int64) throws -> [RolloutHost.Phase: Int] {
        let rows = try Row.fetchAll(
            db, sql: "SELECT phase, count(*) FROM rolloutHost WHERE rollout = ? GROUP BY phase",
            arguments: [number])
        return rows.reduce(into: [:]) { counts, row in
            if let phase = RolloutHost.Phase(rawValue: row[0]) { counts[phase] = row[1] }
        }
    }

    /// Columns 1 to 9 for ``add(_:to:)``. Bytes that are too many for an integer stay at the largest one.
    private static let sums = """
        state, sum(targets), CAST(total(size) AS INTEGER), sum(extents), sum(extentsAfter), sum(gain),
        CAST(total(rewritten) AS INTEGER), CAST(total(unshared) AS INTEGER), CAST(total(cursor) AS INTEGER)
        """

    private func add(_ row: Row, to totals: inout Store.Totals) {
        guard let phase = TargetPhase(rawValue: row[1]), row[2] as Int > 0 else { return }
        totals.byPhase[phase] = Store.Tally(
            targets: row[2], size: ByteCount(row[3] as Int64), extentsBefore: row[4], extentsAfter: row[5],
            gain: row[6], rewritten: ByteCount(row[7] as Int64), unshared: ByteCount(row[8] as Int64),
            cursor: ByteCount(row[9] as Int64))
    }
}
