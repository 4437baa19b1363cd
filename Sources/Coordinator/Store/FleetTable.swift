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

    /// Stores that a host is lost; one that was never heard, too.
    func lost(_ host: HostName) throws {
        try run(
            "INSERT INTO fleetHost (name, isLost) VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET isLost = 1",
            [host.description])
    }

    /// The next generation of what is wanted of a host: one more than the last, and at least `least`, for a host that has
    /// heard of a later one from elsewhere.
    func nextGeneration(_ host: HostName, atLeast least: Int64) throws -> Int64 {
        let sql = """
            INSERT INTO fleetHost (name, generation) VALUES (?, max(1, ?))
            ON CONFLICT (name) DO UPDATE SET generation = max(generation + 1, excluded.generation)
            RETURNING generation
            """
        let arguments: StatementArguments = [host.description, least]
        guard let next = try Int64.fetchOne(db.cachedStatement(sql: sql), arguments: arguments) else {
            throw StoreError(.unknown, "host \(host) cannot be stored")
        }
        return next
    }

    /// Stores what is wanted of a host from now on, under its next generation, and returns it.
    func desire(
        _ mode: DesiredState.Mode, _ policy: PolicyOverrides, of host: HostName, atLeast least: Int64
    ) throws -> DesiredState {
        let desired = DesiredState(
            generation: try nextGeneration(host, atLeast: least), mode: mode, policy: policy)
        try run(
            "UPDATE fleetHost SET desired = ? WHERE name = ?",
            [try JSONColumn.text(desired), host.description])
        return desired
    }
}

extension ReadTransaction {
    /// The hosts that were ever heard or told anything, in the order of their names.
    func fleet() throws -> [Store.FleetHost] {
        try Row.fetchAll(db, sql: "SELECT * FROM fleetHost ORDER BY name").compactMap(fleetHost)
    }

    /// What is wanted of a host; `nil` if it was never told anything.
    func desired(of host: HostName) throws -> DesiredState? {
        let statement = try db.cachedStatement(sql: "SELECT desired FROM fleetHost WHERE name = ?")
        return try String.fetchOne(statement, arguments: [host.description]).map { try JSONColumn.value($0) }
    }

    private func fleetHost(_ row: Row) throws -> Store.FleetHost? {
        guard let name = HostName(row["name"] as String) else { return nil }
        return Store.FleetHost(
            name: name, state: try (row["state"] as String?).map { try JSONColumn.value($0) },
            lastHeard: (row["lastHeard"] as Double?).map(Date.init(timeIntervalSince1970:)),
            isLost: row["isLost"],
            desired: try (row["desired"] as String?).map { try JSONColumn.value($0) })
    }
}
