import Logging

/// Publishes what the store's outbox holds, and takes out what the broker has confirmed: for each queue one message after the
/// other, so that the last one in a host's control queue is the latest; different queues do not wait for each other.
///
/// A message may be published twice: after a restart, and when a confirm is lost. Its id is the same, and workers carry out
/// a task once.
struct OutboxPublisher: Sendable {
    let core: Core
    /// Publishes one message, however long that takes.
    var publish: @Sendable (Store.Outgoing) async -> Outcome

    /// What came of a message.
    enum Outcome: Hashable, Sendable {
        /// The broker has it.
        case published
        /// It cannot be delivered: why, as a sentence about the host.
        case undeliverable(String)
        /// It has to be tried again.
        case again
    }

    /// Pause before a message that the broker did not take is tried again.
    var pause = Duration.seconds(1)

    /// Most messages under way.
    static let most = 500
    /// Most desired states that are begun at a time where there is no room.
    private static let mostOrders = 100

    /// Publishes until the core's wake is closed or the task is cancelled; nothing while it may not.
    func run() async {
        let ended = Mailbox<(Store.Outgoing, Outcome)>()
        // Those messages that follow in the same queue wait.
        let underWay = core.publications
        while await core.outboxWake.next(most: .max) != nil, !Task.isCancelled {
            let outcomes = ended.take()
            await settle(outcomes)
            for (message, _) in outcomes { underWay.ended(message.queue) }
            let queues = underWay.queues
            // Orders go even where tasks take all the room: a pause waits for nobody.
            let room = Self.most - queues.count
            let next = await core.outgoing(
                most: max(room, Self.mostOrders), excluding: queues, onlyOrders: room <= 0)
            for message in next {
                underWay.begin(message.queue) {
                    // The lease may have been lost meanwhile; later, this is broken off.
                    let outcome = core.mayPublish ? await publish(message) : .again
                    if outcome == .again { try? await Task.sleep(for: pause) }
                    ended.put((message, outcome))
                    core.outboxWake.put(())
                }
            }
        }
        await underWay.end()
    }

    private func settle(_ outcomes: [(Store.Outgoing, Outcome)]) async {
        let settled = outcomes.compactMap { message, outcome -> (Store.Outgoing, String?)? in
            switch outcome {
            case .published: (message, nil)
            case .undeliverable(let why): (message, why)
            case .again: nil
            }
        }
        if !settled.isEmpty { await core.published(settled) }
    }
}
