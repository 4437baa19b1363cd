import AMQP
import BrokerKit
import Contract
import DefragTypes
import Foundation
import Logging
import Rollout
import ServiceLifecycle
import Systemd
import UnixSignals

/// `reflow serve` without its command line: the core, between the broker and the API.
struct CoordinatorService {
    let configuration: ServeConfiguration
    let log: Logger
    let systemd: SystemdNotify

    /// Serves until SIGTERM or SIGINT, or until the task is cancelled.
    ///
    /// - Throws: ``Failure``: the store cannot be opened, an address cannot be had. A broker that refuses the login is tried
    ///   again, as it may be told otherwise.
    func run() async throws {
        let store: Store
        do { store = try Store(path: configuration.database) } catch { throw Failure(error) }
        // However it ends: the log is folded into the file then.
        defer {
            do {
                try store.close()
            } catch {
                log.warning("the database is closed without its log folded in", metadata: ["why": "\(error)"])
            }
        }
        let core = Core(
            store: store,
            fleet: Fleet(lostAfter: configuration.lostAfter.inSeconds, inventory: configuration.inventory),
            retention: configuration.retention, log: log)
        let tcp = configuration.listeners.tcp
        let tokens = TokenList(tcp?.tokens ?? [])
        let certificates: Certificates?
        do {
            certificates = try tcp?.certificate.map { files throws(ConfigurationError) in
                try Certificates(files, log: log)
            }
        } catch {
            throw Failure(.configuration, "\(error)")
        }
        if tcp?.isInsecure == true {
            log.warning("tokens travel in clear text beyond this machine (tcp.insecure)")
        }
        let parts: [any Service] = [
            BrokerService(core: core, configuration: configuration, log: log),
            APIService(
                core: core, configuration: configuration, tokens: tokens, certificates: certificates,
                log: log,
                systemd: systemd),
            ReloadService(tcp: tcp, tokens: tokens, log: log),
            WatchdogService(health: core.health, systemd: systemd, log: log),
        ]
        var group = ServiceGroupConfiguration(
            services: parts.map { .init(service: $0) }, gracefulShutdownSignals: [.sigterm, .sigint],
            logger: log.quiet)
        // It may end at any moment, and goes on where it was.
        group.maximumGracefulShutdownDuration = .seconds(15)
        try await ServiceGroup(configuration: group).run()
    }
}

/// The core at the broker.
private struct BrokerService: Service {
    let core: Core
    let configuration: ServeConfiguration
    let log: Logger

    func run() async throws {
        let publishing = Connection(configuration.endpoint, ConnectionOptions(name: "reflow serve: tasks"))
        let consuming = Connection(configuration.endpoint, ConnectionOptions(name: "reflow serve: answers"))
        let dispatcher = Dispatcher(
            core: core, publishing: publishing, consuming: consuming,
            mail: HostMail(ownUser: configuration.endpoint.account, sharedUser: configuration.sharedUser),
            log: log, topology: Topology(hosts: []), needsLease: true)
        let certificate = CertificateWatch(configuration.endpoint, log: log)
        let watch = Task { await certificate.run() }
        defer { watch.cancel() }
        await cancelWhenGracefulShutdown {
            await core.start()
            publishing.start()
            consuming.start()
            await dispatcher.run(
                from: [.queue(QueueName.coordinator), .queue(QueueName.dead), .telemetry])
        }
        await publishing.close()
        await consuming.close()
    }
}

/// The API.
private struct APIService: Service {
    let core: Core
    let configuration: ServeConfiguration
    let tokens: TokenList
    let certificates: Certificates?
    let log: Logger
    let systemd: SystemdNotify

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            try await serveAPI(
                operations: core, configuration: configuration, tokens: tokens, certificates: certificates,
                logger: log
            ) { port in
                systemd.send("READY=1")
                log.info(
                    "ready",
                    metadata: [
                        "socket": "\(configuration.listeners.socket)",
                        "port": "\(port.map(String.init) ?? "-")",
                    ])
            }
        }
        log.info("stopping")
        systemd.send("STOPPING=1")
    }
}

extension Logger {
    /// The same, but for what goes well.
    fileprivate var quiet: Logger {
        var quiet = self
        quiet.logLevel = max(logLevel, .warning)
        return quiet
    }
}
