import AMQP
import BrokerKit

/// Keeps a ``Core`` at the broker: brings it what hosts say, and publishes what it decides.
struct Dispatcher: Sendable {
    let core: Core
    /// Two connections: a broker that is short of memory stops reading from publishers, and answers must not wait for that.
    let publishing: Connection
    let consuming: Connection
    let mail: HostMail

    /// Dispatches until the task is cancelled. The connections are started by the caller.
    ///
    /// - Parameter sources: what is consumed.
    /// - Throws: what the store throws, at an operator's command, too: memory is ahead of it then, and the process has to begin
    ///   anew.
    func run(from sources: [Intake.Source]) async throws {
        let mailbox = Mailbox<CoreInput>()
        let intake = Intake(connection: consuming, mail: mail, mailbox: mailbox)
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer {
                mailbox.close()
                core.outboxWake.close()
                group.cancelAll()
            }
            let watches = [
                BrokerWatch(connection: publishing, link: .publishing, mailbox: mailbox),
                BrokerWatch(connection: consuming, link: .consuming, mailbox: mailbox),
            ]
            for watch in watches { group.addTask { await watch.run() } }
            group.addTask { await publishing.probeForAlarms() }
            for source in sources { group.addTask { await intake.take(from: source) } }
            group.addTask { await intake.tick() }
            group.addTask { try await OutboxPublisher(core: core, connection: publishing).run() }
            group.addTask {
                while let inputs = await mailbox.next(most: Self.batch) {
                    try await core.take(inputs)
                }
            }
            // None ends by itself, but by an error.
            for try await _ in group where Task.isCancelled { break }
        }
    }

    /// Things that are taken in in one transaction, at most.
    private static let batch = 1000
}
