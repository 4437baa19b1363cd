import AMQP
import Contract
import DefragTypes
import Foundation
import Logging

/// `reflow serve` without its command line: the core, between the broker and the API.
struct CoordinatorService {
    let configuration: ServeConfiguration
    let log: Logger

    /// Serves until the task is cancelled.
    ///
    /// - Throws: ``Failure``: the store cannot be opened, an address cannot be had, the broker refuses the login. What the store
    ///   throws later: the next start takes up what is stored.
    func run() async throws {
        let store: Store
        do { store = try Store(path: configuration.database) } catch {
            throw Failure(.configuration, error.message)
        }
        let core = Core(store: store, lostAfter: configuration.lostAfter.inSeconds, log: log)
        try await core.takeUp()
        // Two connections: a broker that is short of memory stops reading from publishers, and answers must not wait for that.
        let publishing = Connection(configuration.endpoint, ConnectionOptions(name: "reflow serve: tasks"))
        let consuming = Connection(configuration.endpoint, ConnectionOptions(name: "reflow serve: answers"))
        defer {
            // Only signals.
            Task {
                await publishing.close()
                await consuming.close()
                try? store.close()
            }
        }
        let mailbox = Mailbox<Happening>()
        let intake = Intake(
            connection: consuming, mail: HostMail(sharedUser: configuration.sharedUser), mailbox: mailbox)
        publishing.start()
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer {
                mailbox.close()
                core.outboxWake.close()
                group.cancelAll()
            }
            group.addTask { await intake.watchBroker() }
            consuming.start()
            group.addTask { await declare(on: publishing) }
            group.addTask { await intake.answers(from: QueueName.coordinator) }
            group.addTask { await intake.answers(from: QueueName.dead) }
            group.addTask { await intake.chatter() }
            group.addTask { await intake.tick() }
            group.addTask { try await OutboxPublisher(core: core, connection: publishing).run() }
            group.addTask {
                while let happenings = await mailbox.next(most: Self.batch) {
                    try await core.take(happenings)
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
            // The first to end ends all: the API at a cancellation, anything else by an error.
            for try await _ in group where Task.isCancelled { break }
        }
    }

    /// Things that are taken in in one transaction, at most.
    private static let batch = 1000

    /// Declares what all hosts have in common, as soon as the broker is there.
    private func declare(on connection: Connection) async {
        while !Task.isCancelled {
            do {
                try await connection.waitUntilConnected(timeout: .seconds(3600))
                return try await Topology(hosts: []).declare(on: connection)
            } catch is CancellationError {
                return
            } catch {
                log.warning("exchanges and queues cannot be declared", metadata: ["error": "\(error)"])
                try? await Task.sleep(for: .seconds(5))
            }
        }
    }
}
