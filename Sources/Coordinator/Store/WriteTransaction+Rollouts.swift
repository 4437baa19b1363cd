import Contract
import DefragTypes
import Foundation
import GRDB
import Rollout

extension WriteTransaction {
    /// Stores a new rollout, and its hosts.
    ///
    /// - Parameters:
    ///   - rollout: without any targets yet.
    ///   - text: what the operator has handed over.
    ///   - now: when it was made.
    /// - Throws: `DatabaseError` `SQLITE_CONSTRAINT` if there is one with this id.
    func insert(_ rollout: Rollout, text: String, at now: Date) throws {
        try run(
            """
            INSERT INTO rollout (id, name, spec, state, isPlan, phase, created, ended) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                rollout.id, rollout.state.spec.name, text, try JSONColumn.text(rollout.state),
                rollout.state.isPlanOnly, rollout.state.phase.rawValue, now.timeIntervalSince1970,
                rollout.state.phase.isEnded ? now.timeIntervalSince1970 : nil,
            ])
        let number = db.lastInsertedRowID
        let statement = try db.cachedStatement(
            sql: "INSERT INTO rolloutHost (rollout, place, name, phase, state) VALUES (?, ?, ?, ?, ?)")
        for (place, host) in rollout.hosts.enumerated() {
            try statement.execute(arguments: [
                number, place, host.name.description, host.state.phase.rawValue,
                try JSONColumn.text(host.state),
            ])
        }
    }

    /// Stores what has changed in a rollout.
    ///
    /// - Throws: ``StoreError`` `unknown` if the rollout, or what has changed of it, is not there.
    func apply(_ delta: RolloutDelta, at now: Date) throws {
        guard !delta.isEmpty else { return }
        let number = try read.number(of: delta.rollout)
        if let state = delta.state {
            try run(
                "UPDATE rollout SET state = ?, phase = ?, ended = iif(?, coalesce(ended, ?), NULL) WHERE number = ?",
                [
                    try JSONColumn.text(state), state.phase.rawValue, state.phase.isEnded,
                    now.timeIntervalSince1970, number,
                ])
        }
        for (place, state) in delta.hosts {
            try run(
                "UPDATE rolloutHost SET state = ?, phase = ? WHERE rollout = ? AND place = ?",
                [try JSONColumn.text(state), state.phase.rawValue, number, place])
            try expectChange(of: "host \(place)", in: delta)
        }
        for found in delta.found { try insert(found, into: number) }
        for change in delta.pages { try carryOut(change, of: number) }
        for (target, state) in delta.targets {
            try update(target, state, of: number)
            try expectChange(of: "target \(target)", in: delta)
        }
        for (target, result, state) in delta.results {
            try add(result, to: target, of: number)
            try replaceState(of: target, in: number, with: state)
        }
        try add(delta.results.map(\.result.pause), to: number)
    }

    private func add(_ pauses: [PauseStatistics], to number: Int64) throws {
        guard let longest = pauses.map(\.maxMs).max() else { return }
        let judged = pauses.filter { $0.over != nil }
        try run(
            """
            UPDATE rollout SET longestPause = max(longestPause, ?), pauses = min(pauses + ?, 1 << 53),
                pausesOver = min(pausesOver + ?, 1 << 53)
            WHERE number = ?
            """,
            [longest, judged.reduce(0) { $0 + $1.count }, judged.reduce(0) { $0 + ($1.over ?? 0) }, number])
    }

    private func expectChange(of what: String, in delta: RolloutDelta) throws {
        guard db.changesCount == 1 else {
            throw StoreError(.unknown, "there is no \(what) in the rollout \(delta.rollout)")
        }
    }
}

extension ReadTransaction {
    /// The number under which rows refer to a rollout.
    ///
    /// - Throws: ``StoreError`` `unknown`.
    func number(of rollout: String) throws -> Int64 {
        let statement = try db.cachedStatement(sql: "SELECT number FROM rollout WHERE id = ?")
        guard let number = try Int64.fetchOne(statement, arguments: [rollout]) else {
            throw StoreError(.unknown, "there is no rollout '\(rollout)'")
        }
        return number
    }
}
