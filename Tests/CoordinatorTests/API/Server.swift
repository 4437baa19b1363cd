import Logging
import Support
import Synchronization

@testable import Coordinator
@testable import ReflowAPI

/// The real server on a real socket in a folder of its own, which a test runs around what it does.
struct Server: Sendable {
    let core: MemoryCore
    let socket: String
    /// The port of TCP, where there is one.
    let port: Int?

    var address: CoordinatorAddress {
        get throws { try CoordinatorAddress(socket) }
    }

    /// Programs find it by this.
    var environment: [String: String] { ["REFLOW_URL": socket] }

    /// Runs a server while `work` does.
    static func run<Result: Sendable>(
        core: MemoryCore = MemoryCore(), socket: String? = nil, tokens: [Access.Token] = [],
        list: TokenList? = nil, readSocket: String? = nil, certificates: Certificates? = nil,
        streams: StreamTiming = StreamTiming(), mostConnections: Int = 400,
        _ work: @Sendable (Server) async throws -> Result
    ) async throws -> Result {
        let socket = try socket ?? RunFolder.subfolder("api") + "/reflow.sock"
        let server = APIServer(
            core: core,
            listeners: Listeners(
                socket: socket,
                readSocket: readSocket.map { .init(path: $0) },
                tcp: tokens.isEmpty
                    ? nil : .init(address: "127.0.0.1", port: 0, tokens: tokens, tokenFile: "")),
            tokens: list ?? TokenList(tokens), certificates: certificates,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, streams: streams,
            mostConnections: mostConnections)
        let (ready, continuation) = AsyncThrowingStream.makeStream(of: Int?.self)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                do {
                    try await server.run { continuation.yield($0) }
                } catch is CancellationError {
                } catch {
                    continuation.finish(throwing: error)
                    throw error
                }
            }
            var iterator = ready.makeAsyncIterator()
            let port = try await iterator.next() ?? nil
            let result: Result
            do {
                result = try await work(Server(core: core, socket: socket, port: port))
            } catch {
                group.cancelAll()
                throw error
            }
            group.cancelAll()
            try await group.waitForAll()
            return result
        }
    }

    /// Asks it.
    func ask<Result>(
        token: String? = nil, byTCP: Bool = false, _ work: (CoordinatorClient) async throws -> Result
    ) async throws -> Result {
        let address = byTCP ? try CoordinatorAddress("http://127.0.0.1:\(port ?? 0)") : try address
        return try await CoordinatorClient.use(address, token: token, timeout: .seconds(20), work)
    }
}
