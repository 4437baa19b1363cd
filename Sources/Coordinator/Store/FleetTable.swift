import Contract
import DefragTypes
import Foundation
import GRDB

extension Store {
    /// A host of the fleet as it was last heard, and what is wanted of it.
    struct FleetHost: Sendable {
        var name: HostName
        /// What it last said of itself; `nil` before it has.
        var state: HostState?
        /// When it was last heard; `nil` if never.
        var lastHeard: Date?
        /// Whether it has been silent for too long.
        var isLost: Bool
        /// What is wanted of it; `nil` if it was never told anything.
        var desired: DesiredState?
    }
}

extension WriteTransaction {
    /// Stores what a host has said of itself, or, if that is `nil`, only that it was heard.
    func heard(_ host: HostName, _ state: HostState?, at now: Date) throws {
        try run(
            """
            INSERT INTO fleetHost (name, state, lastHeard, isLost) VALUES (?, ?, ?, 0)
            ON CONFLICT (name) DO UPDATE SET
                state = coalesce(excluded.state, state), lastHeard = excluded.lastHeard, isLost = 0
            """,
            [host.description, try state.map(JSONColumn.text), now.timeIntervalSince1970])
    }

    /// Stores that a host is lost. One that was never heard is not stored: perhaps there is none of that name.
    func lost(_ host: HostName) throws {
        try run("UPDATE fleetHost SET isLost = 1 WHERE name = ?", [host.description])
    }

    /// Stores what is wanted of a host from now on.
    func desire(_ desired: DesiredState, of host: HostName) throws {
        try run(
            "INSERT INTO fleetHost (name, desired) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET desired = excluded.desired",
            [host.description, try JSONColumn.text(desired)])
    }

    /// Forgets a host.
    func forget(_ host: HostName) throws {
        try run("DELETE FROM fleetHost WHERE name = ?", [host.description])
    }
}

extension ReadTransaction {
    /// The hosts that were ever heard or told anything, in the order of their names.
    func fleet() throws -> [Store.FleetHost] {
        try Row.fetchAll(db, sql: "SELECT * FROM fleetHost ORDER BY name").compactMap(fleetHost)
    }

    /// What an older version has stored and this one refuses, the host says again.
    private func fleetHost(_ row: Row) -> Store.FleetHost? {
        guard let name = HostName(row["name"] as String) else { return nil }
        return Store.FleetHost(
            name: name, state: (row["state"] as String?).flatMap { try? JSONColumn.value($0) },
            lastHeard: (row["lastHeard"] as Double?).map(Date.init(timeIntervalSince1970:)),
            isLost: row["isLost"],
            desired: (row["desired"] as String?).flatMap { try? JSONColumn.value($0) })
    }
}
