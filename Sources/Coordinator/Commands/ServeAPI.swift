import DefragTypes
import Logging

/// Serves the API of `core` as `configuration` says, until the task is cancelled.
///
/// - Parameters:
///   - core: what the API is to.
///   - configuration: where to listen.
///   - logger: for what goes wrong.
///   - onReady: called once everything listens, with the port of TCP where there is one.
/// - Throws: ``Failure`` when an address cannot be had.
func serveAPI(
    operations core: some Operations, configuration: ServeConfiguration, logger: Logger,
    onReady: @escaping @Sendable (_ port: Int?) -> Void = { _ in }
) async throws {
    do {
        try await APIServer(core: core, listeners: configuration.listeners, logger: logger).run(
            onReady: onReady)
    } catch let error as SocketFile.Refused {
        throw Failure(.configuration, error.description)
    } catch is CancellationError {
        return
    } catch {
        let places =
            [configuration.listeners.socket]
            + (configuration.listeners.tcp.map { ["\($0.address):\($0.port)"] } ?? [])
        throw Failure(.configuration, "cannot listen at \(places.joined(separator: " and ")): \(error)")
    }
}
