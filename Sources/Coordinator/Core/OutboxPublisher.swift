/// Publishes what the store's outbox holds, and takes out what the broker has confirmed: for each host one message after the
/// other, so that the last one in its control queue is the latest; different hosts do not wait for each other.
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

    /// Publishes until the core's wake is closed or the task is cancelled.
    ///
    /// - Throws: what the store throws, whoever has used it.
    func run() async throws {
        let ended = Mailbox<(Store.Outgoing, Outcome)>()
        // By routing key, which is the host: those of its messages that follow wait.
        var underWay: Set<String> = []
        try await withThrowingDiscardingTaskGroup { group in
            defer { group.cancelAll() }
            while await core.outboxWake.next(most: .max) != nil, !Task.isCancelled {
                let outcomes = ended.take()
                try await settle(outcomes)
                for (message, _) in outcomes { underWay.remove(message.routingKey) }
                let room = Self.most - underWay.count
                for message in room > 0 ? try await core.outgoing(most: room, excluding: underWay) : [] {
                    underWay.insert(message.routingKey)
                    group.addTask {
                        let outcome = await publish(message)
                        if outcome == .again { try? await Task.sleep(for: pause) }
                        ended.put((message, outcome))
                        core.outboxWake.put(())
                    }
                }
            }
        }
        // Memory is ahead of the store then: the process has to begin anew.
        if let fault = await core.fault { throw fault }
    }

    private func settle(_ outcomes: [(Store.Outgoing, Outcome)]) async throws {
        let settled = outcomes.compactMap { message, outcome -> (Store.Outgoing, String?)? in
            switch outcome {
            case .published: (message, nil)
            case .undeliverable(let why): (message, why)
            case .again: nil
            }
        }
        if !settled.isEmpty { try await core.published(settled) }
    }
}
