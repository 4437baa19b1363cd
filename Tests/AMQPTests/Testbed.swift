import AMQP
import Support
import Testing

/// Options for tests: short bounds, so that a fault appears soon.
func testOptions(_ name: String = #function) -> ConnectionOptions {
    var options = ConnectionOptions(name: "\(name)-\(UInt32.random(in: 0 ... .max))")
    options.connectTimeout = .seconds(5)
    options.backoff = Backoff(initial: .milliseconds(20), maximum: .milliseconds(200))
    return options
}

/// Runs `body` with a connection to `url`, and closes it in any case.
func withConnection<Result>(
    _ url: String, _ options: ConnectionOptions = testOptions(),
    _ body: (Connection) async throws -> Result
) async throws -> Result {
    let connection = Connection(try Endpoint(url: url), options)
    connection.start()
    let result: Result
    do {
        result = try await body(connection)
    } catch {
        await connection.close()
        throw error
    }
    await connection.close()
    return result
}

/// Runs `body` with a connection to the shared broker.
func withConnection<Result>(
    _ options: ConnectionOptions = testOptions(), _ body: (Connection) async throws -> Result
) async throws -> Result {
    try await withConnection(try await PrivateBroker.shared().url, options) { connection in
        try await connection.waitUntilConnected(timeout: .seconds(30))
        return try await body(connection)
    }
}

/// A message with a text.
func message(_ text: String, id: String? = nil) -> Message {
    var message = Message(body: Array(text.utf8))
    message.properties.messageID = id
    return message
}

extension Delivery {
    /// The body as text.
    var text: String {
        if case .complete(let body) = body { String(decoding: body, as: UTF8.self) } else { "too large" }
    }
}

extension AsyncStream<ConnectionState> {
    /// Reads until `isWanted`, for at most `limit`.
    func reaches(within limit: Duration = .seconds(20), _ isWanted: @escaping @Sendable (Element) -> Bool)
        async throws -> Element
    {
        try await withThrowingTaskGroup(of: Element?.self) { group in
            group.addTask { await self.first(where: isWanted) }
            group.addTask {
                try await Task.sleep(for: limit)
                return nil
            }
            defer { group.cancelAll() }
            return try #require(try await group.next() ?? nil, "the state did not come within \(limit)")
        }
    }
}

/// The error that `body` throws, which must be an `AMQPError`.
func amqpError(
    _ body: () async throws -> Void, sourceLocation: SourceLocation = #_sourceLocation
) async -> AMQPError? {
    await #expect(throws: AMQPError.self, sourceLocation: sourceLocation) { try await body() }
}
