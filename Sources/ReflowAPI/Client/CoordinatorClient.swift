import AsyncHTTPClient
import Contract
import DefragTypes
import JSON
import NIOCore
import NIOHTTP1
import NIOSSL

/// Asks the coordinator by HTTP.
public struct CoordinatorClient: Sendable {
    /// Where it is.
    public let address: CoordinatorAddress
    private let http: HTTPClient
    private let token: String?
    private let timeout: TimeAmount

    /// The largest answer: a page of targets or a survey of many files.
    private static let mostBytes = 256 << 20

    /// Opens a client for the coordinator at `address`, lends it to `work`, and closes it. Whoever comes by TCP shows `token`, and by
    /// TLS trusts the authorities in `caFile` besides the system's; `timeout` is for each request, but not for streams.
    public static func use<Result>(
        _ address: CoordinatorAddress, token: String? = nil, caFile: String? = nil,
        timeout: Duration = .seconds(30),
        _ work: (CoordinatorClient) async throws -> Result
    ) async throws -> Result {
        var configuration = HTTPClient.Configuration()
        if let caFile, address.isTLS {
            var tls = TLSConfiguration.makeClientConfiguration()
            tls.additionalTrustRoots = [.file(caFile)]
            configuration.tlsConfiguration = tls
        }
        configuration.timeout.connect = .seconds(5)
        // Streams have a sign of life every 15 seconds.
        configuration.timeout.read = .seconds(60)
        // A coordinator that is not there is to be told at once.
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.redirectConfiguration = .disallow
        return try await HTTPClient.withHTTPClient(configuration: configuration) { http in
            try await work(
                CoordinatorClient(
                    address: address, http: http, token: token,
                    timeout: .milliseconds(Int64(timeout.inSeconds * 1000))))
        }
    }

    // MARK: - Requests

    /// What is at `path`.
    public func get<Answer: Decodable>(_ path: String, _ query: [(String, String?)] = [])
        async throws(ClientError)
        -> Answer
    {
        try Self.decode(try await send(.GET, path, query))
    }

    /// Whether it is ready to work, and why not.
    public func readiness() async throws(ClientError) -> Readiness {
        do {
            let response = try await http.execute(request(.GET, "/readyz", []), timeout: timeout)
            guard response.status == .serviceUnavailable else {
                return try Self.decode(try await answer(response))
            }
            return try Self.decode(
                Array(try await response.body.collect(upTo: Self.mostBytes).readableBytesView))
        } catch {
            throw ClientError(error)
        }
    }

    /// Sends `body` as JSON, and reads the answer.
    public func post<Answer: Decodable>(
        _ path: String, json body: some Encodable & Sendable
    ) async throws(ClientError) -> Answer {
        try Self.decode(try await send(.POST, path, body: (try Self.encode(body), "application/json")))
    }

    /// Sends a specification's text, and reads the answer.
    public func post<Answer: Decodable>(
        _ path: String, _ query: [(String, String?)] = [], spec: String
    ) async throws(ClientError) -> Answer {
        try Self.decode(try await send(.POST, path, query, body: (Array(spec.utf8), "application/yaml")))
    }

    /// Asks for something that needs no body, and reads the answer.
    public func post<Answer: Decodable>(_ path: String, _ query: [(String, String?)] = [])
        async throws(ClientError) -> Answer
    {
        try Self.decode(try await send(.POST, path, query))
    }

    /// Asks for something that needs no body and has no answer.
    public func order(_ path: String) async throws(ClientError) {
        _ = try await send(.POST, path)
    }

    /// Sends a change as JSON, and reads the answer.
    public func patch<Answer: Decodable>(
        _ path: String, json body: some Encodable & Sendable
    ) async throws(ClientError) -> Answer {
        try Self.decode(try await send(.PATCH, path, body: (try Self.encode(body), "application/json")))
    }

    /// Replaces what is at `path` by JSON, and reads the answer.
    public func put<Answer: Decodable>(
        _ path: String, json body: some Encodable & Sendable
    ) async throws(ClientError) -> Answer {
        try Self.decode(try await send(.PUT, path, body: (try Self.encode(body), "application/json")))
    }

    /// Deletes what is at `path`, and reads the answer.
    public func delete<Answer: Decodable>(
        _ path: String, _ query: [(String, String?)]
    ) async throws(ClientError) -> Answer {
        try Self.decode(try await send(.DELETE, path, query))
    }

    /// Deletes what is at `path`.
    public func delete(_ path: String) async throws(ClientError) {
        _ = try await send(.DELETE, path)
    }

    private func send(
        _ method: HTTPMethod, _ path: String, _ query: [(String, String?)] = [],
        body: ([UInt8], type: String)? = nil
    ) async throws(ClientError) -> [UInt8] {
        var request = request(method, path, query, body)
        // The same each time: what was carried out, and could not be answered, is not carried out again.
        if method == .POST { request.headers.add(name: "idempotency-key", value: newMessageID()) }
        var end: ContinuousClock.Instant?
        while true {
            do {
                let response = try await http.execute(request, timeout: timeout)
                return try await answer(response)
            } catch {
                let failure = ClientError(error)
                if method == .POST, end == nil, ClientError.isAnswerLost(error) {
                    end = .now + Self.patience
                }
                guard let end, failure.isPassing, ContinuousClock.now < end,
                    (try? await Task.sleep(for: .seconds(1))) != nil
                else { throw failure }
            }
        }
    }

    /// How long an order whose answer was lost is given again: the coordinator may be starting anew.
    private static let patience = Duration.seconds(10)

    private func request(
        _ method: HTTPMethod, _ path: String, _ query: [(String, String?)],
        _ body: ([UInt8], type: String)? = nil
    ) -> HTTPClientRequest {
        let pairs = query.compactMap { key, value in value.map { "\(key)=\(percentEncoded($0))" } }
        var request = HTTPClientRequest(
            url: address.base + path + (pairs.isEmpty ? "" : "?" + pairs.joined(separator: "&")))
        request.method = method
        // HTTP/1.1 wants one, and a path is none.
        if address.socket != nil { request.headers.add(name: "host", value: "localhost") }
        if let token { request.headers.add(name: "authorization", value: "Bearer \(token)") }
        if let body {
            request.headers.add(name: "content-type", value: body.type)
            request.body = .bytes(ByteBuffer(bytes: body.0))
        }
        return request
    }

    /// The body of a response that is none of an error.
    private func answer(_ response: HTTPClientResponse) async throws -> [UInt8] {
        let bytes = Array(try await response.body.collect(upTo: Self.mostBytes).readableBytesView)
        guard !(200..<300).contains(response.status.code) else { return bytes }
        guard response.headers.first(name: "content-type") == Problem.contentType else {
            throw ClientError.misunderstood("HTTP status \(response.status.code)")
        }
        throw ClientError.problem(try Self.decode(bytes))
    }

    private static func decode<Answer: Decodable>(_ bytes: [UInt8]) throws(ClientError) -> Answer {
        do {
            let limits = JSONLimits(maxBytes: mostBytes, maxDepth: 64, maxValues: 1 << 24)
            return try JSONDecoder(limits: limits).decode(from: bytes)
        } catch {
            throw .misunderstood("\(error)")
        }
    }

    private static func encode(_ body: some Encodable) throws(ClientError) -> [UInt8] {
        do {
            return try JSONEncoder().encode(body)
        } catch {
            throw .misunderstood("\(error)")
        }
    }

    // MARK: - The stream

    /// What a stream brings.
    public enum News: Sendable {
        /// The stream has begun.
        case connected
        /// Something that is in the log.
        case event(LoggedEvent)
        /// How a rollout is now.
        case rollout(RolloutStatus)
    }

    /// Hands what happens to `receive` until it returns that this is enough, or the stream ends: which of the two is returned.
    /// With `after` in `query`, what was missed since comes first. Throws ``ClientError``, and what `receive` throws.
    public func follow(
        _ query: EventQuery, _ receive: (News) async throws -> Bool
    ) async throws -> Bool {
        var request = request(
            .GET, "/v1/stream",
            [("type", query.type), ("host", query.host?.description), ("rollout", query.rollout)])
        request.headers.add(name: "accept", value: "text/event-stream")
        if let after = query.after { request.headers.add(name: "last-event-id", value: "\(after)") }
        let response: HTTPClientResponse
        do {
            // The deadline is for the head of the answer alone; what follows has the read timeout.
            response = try await http.execute(request, timeout: timeout)
            guard response.status == .ok else {
                _ = try await answer(response)
                throw ClientError.misunderstood("HTTP status \(response.status.code)")
            }
        } catch {
            throw ClientError(error)
        }
        guard try await receive(.connected) else { return true }
        var parser = ServerSentEvents()
        var body = response.body.makeAsyncIterator()
        while true {
            let events: [ServerSentEvents.Event]
            do {
                guard let piece = try await body.next() else { return false }
                events = try parser.take(piece.readableBytesView)
            } catch {
                throw ClientError(error)
            }
            for event in events {
                guard let news = try Self.news(event) else { continue }
                guard try await receive(news) else { return true }
            }
        }
    }

    private static func news(_ event: ServerSentEvents.Event) throws(ClientError) -> News? {
        switch event.name {
        case "event": .event(try decode(Array(event.data.utf8)))
        case "rollout": .rollout(try decode(Array(event.data.utf8)))
        default: nil  // newer coordinators may tell more
        }
    }
}
