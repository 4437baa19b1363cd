import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Logging
import NIOCore
import Synchronization

/// Serves the API until its task is cancelled.
struct APIServer<Core: Operations>: Sendable {
    let core: Core
    let listeners: Listeners
    /// The tokens that are let in by TCP.
    let tokens: TokenList
    /// What is shown by TLS; `nil` for clear text.
    var certificates: Certificates?
    let logger: Logger
    var streams = StreamTiming()
    /// Connections at a time of the socket, and as many by TCP: another one is let in when one of them ends.
    var mostConnections = 400

    /// Listens and answers. Ends when its task is cancelled, having closed the core's feed and removed the socket.
    ///
    /// - Parameter onReady: called once everything listens, with the port of TCP.
    /// - Throws: ``SocketFile/Refused``, and NIO's errors where an address cannot be had.
    func run(onReady: @escaping @Sendable (_ port: Int?) -> Void = { _ in }) async throws {
        let sockets = listeners.sockets
        for (file, _) in sockets { try file.check() }
        let routes = Routes(core: core, streams: streams).all
        let refusals = RefusalLog(logger: logger) { who, what, detail in
            await core.noteRefusal(of: who, what, detail)
        }
        let progress = Progress(
            expected: sockets.count + (listeners.tcp == nil ? 0 : 1), onReady: onReady)
        defer {
            for (file, identity) in progress.bound.withLock({ $0 }) { file.remove(if: identity) }
        }
        try await withTaskCancellationHandler {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (file, role) in sockets {
                    group.addTask {
                        try await application(
                            routes, .socket(role), refusals, .unixDomainSocket(path: file.path)
                        ) { _ in
                            do {
                                try file.restrict()
                            } catch {
                                logger.error("\(error)")
                            }
                            if let identity = file.identity {
                                progress.bound.withLock { $0.append((file, identity)) }
                            }
                            progress.listens(port: nil)
                        }.run()
                    }
                }
                if let tcp = listeners.tcp {
                    group.addTask {
                        try await application(
                            routes, .tokens(tokens), refusals, .hostname(tcp.address, port: tcp.port),
                            certificates
                        ) { channel in
                            progress.listens(port: channel.localAddress?.port)
                        }.run()
                    }
                }
                // Neither ends by itself: whichever does takes the other along.
                defer { group.cancelAll() }
                try await group.next()
            }
        } onCancel: {
            // Streams have no end of their own.
            core.feed.close()
        }
    }

    private func application(
        _ routes: [Route], _ access: Access, _ refusals: RefusalLog, _ address: BindAddress,
        _ certificates: Certificates? = nil, onRunning: @escaping @Sendable (any Channel) -> Void
    ) throws -> some ApplicationProtocol {
        // Its own would tell of an error at each end.
        var quiet = logger
        quiet.logLevel = .critical
        // Connections that nobody uses do not stay, nor do they hold up the end for longer.
        let plain = HTTPServerBuilder.http1(configuration: .init(idleTimeout: .seconds(30)))
        return Application(
            router: Router(
                routes, access: access, patience: Patience(health: core.health), refusals: refusals,
                logger: logger),
            server: try certificates.map { try .tls(plain, tlsConfiguration: $0.configuration) } ?? plain,
            configuration: ApplicationConfiguration(
                address: address, serverName: nil,
                availableConnectionsDelegate: MaximumAvailableConnections(mostConnections, logger: quiet)),
            onServerRunning: { onRunning($0) },
            logger: quiet)
    }

    /// What listens already.
    private final class Progress: Sendable {
        let bound = Mutex<[(SocketFile, SocketFile.Identity)]>([])
        private let state: Mutex<(missing: Int, port: Int?)>
        private let onReady: @Sendable (Int?) -> Void

        init(expected: Int, onReady: @escaping @Sendable (Int?) -> Void) {
            state = Mutex((missing: expected, port: nil))
            self.onReady = onReady
        }

        func listens(port: Int?) {
            let ready = state.withLock { state -> (Bool, Int?) in
                state.missing -= 1
                state.port = port ?? state.port
                return (state.missing == 0, state.port)
            }
            if ready.0 { onReady(ready.1) }
        }
    }
}
