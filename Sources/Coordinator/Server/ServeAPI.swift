import DefragTypes
import Logging
import Synchronization

/// Serves the API of `core` as `configuration` says, until the task is cancelled.
///
/// - Parameters:
///   - core: what the API is to.
///   - configuration: where to listen.
///   - tokens: who is let in by TCP.
///   - certificates: what is shown by TLS.
///   - logger: for what goes wrong.
///   - onReady: called once everything listens, with the port of TCP where there is one.
/// - Throws: ``Failure`` when an address cannot be had; what goes wrong later as it is. Only a socket's path that cannot be
///   is wrong configuration to the shell: of all else another start may go better.
func serveAPI(
    operations core: some Operations, configuration: ServeConfiguration, tokens: TokenList,
    certificates: Certificates? = nil, logger: Logger,
    onReady: @escaping @Sendable (_ port: Int?) -> Void = { _ in }
) async throws {
    let isReady = Mutex(false)
    do {
        try await APIServer(
            core: core, listeners: configuration.listeners, tokens: tokens, certificates: certificates,
            logger: logger
        ).run { port in
            isReady.withLock { $0 = true }
            onReady(port)
        }
    } catch let error as SocketFile.Refused {
        throw Failure(error.isWrongPath ? .configuration : .failed, error.description)
    } catch is CancellationError {
        return
    } catch {
        guard !isReady.withLock({ $0 }) else { throw error }
        let places =
            configuration.listeners.sockets.map(\.file.path)
            + (configuration.listeners.tcp.map { ["\($0.address):\($0.port)"] } ?? [])
        throw Failure(.failed, "cannot listen at \(places.joined(separator: " and ")): \(error)")
    }
}
