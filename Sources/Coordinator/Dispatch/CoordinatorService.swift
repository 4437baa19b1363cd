import AMQP
import BrokerKit
import Contract
import DefragTypes
import Foundation
import Logging
import Rollout

/// `reflow serve` without its command line: the core, between the broker and the API.
struct CoordinatorService {
    let configuration: ServeConfiguration
    let log: Logger

    /// Serves until the task is cancelled.
    ///
    /// - Throws: ``Failure``: the store cannot be opened, an address cannot be had. What the store throws later: the next start
    ///   takes up what is stored. A broker that refuses the login is tried again, as it may be told otherwise.
    func run() async throws {
        let store: Store
        do { store = try Store(path: configuration.database) } catch { throw Failure(error) }
        // However it ends: SQLite folds its log into the file then.
        defer { try? store.close() }
        let core = Core(
            store: store, fleet: Fleet(lostAfter: configuration.lostAfter.inSeconds),
            retention: configuration.retention, log: log)
        try await core.takeUp()
        let publishing = Connection(configuration.endpoint, ConnectionOptions(name: "reflow serve: tasks"))
        let consuming = Connection(configuration.endpoint, ConnectionOptions(name: "reflow serve: answers"))
        let dispatcher = Dispatcher(
            core: core, publishing: publishing, consuming: consuming,
            mail: HostMail(ownUser: configuration.endpoint.user, sharedUser: configuration.sharedUser))
        publishing.start()
        consuming.start()
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            for (connection, purpose) in [(publishing, "tasks"), (consuming, "answers")] {
                group.addTask {
                    var linkLog = LinkLog(
                        connection, purpose: purpose,
                        ifNotConsuming:
                            "if the account may not consume the queue, let it ('rabbitmqctl set_permissions')",
                        ifInUse: "somebody else consumes it exclusively", log: log)
                    await linkLog.follow(connection)
                }
            }
            group.addTask {
                await Topology(hosts: []).keepDeclared(on: publishing, missingOn: consuming, log: log)
            }
            group.addTask {
                do {
                    try await dispatcher.run(
                        from: [.queue(QueueName.coordinator), .queue(QueueName.dead), .chatter])
                } catch {
                    // Whoever wanted what could not be stored is to hear why.
                    try? await Task.sleep(for: .milliseconds(200))
                    throw error
                }
            }
            group.addTask { [configuration, log] in
                try await serveAPI(operations: core, configuration: configuration, logger: log) { port in
                    log.info(
                        "ready",
                        metadata: [
                            "socket": "\(configuration.listeners.socket)",
                            "port": "\(port.map(String.init) ?? "-")",
                        ])
                }
            }
            // The API ends at a cancellation, the dispatcher by an error; either ends all.
            for try await _ in group where Task.isCancelled { break }
        }
        await publishing.close()
        await consuming.close()
    }
}
