import AMQP

/// Does `work` with a connection to the broker at `url`.
func connected(_ url: String, _ work: (Connection) async throws -> Void) async throws {
    let connection = Connection(try Endpoint(url: url), ConnectionOptions(name: "declares"))
    connection.start()
    try await connection.waitUntilConnected(timeout: .seconds(30))
    do { try await work(connection) } catch {
        await connection.close()
        throw error
    }
    await connection.close()
}
