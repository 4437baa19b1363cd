import AMQP
import Contract

/// Publishes what the store's outbox holds, in order for each host, and takes out what the broker has confirmed.
///
/// A message may be published twice: after a restart, and when a confirm is lost. Its id is the same, and workers carry out
/// a task once.
struct OutboxPublisher: Sendable {
    let core: Core
    let connection: Connection

    /// Most messages under way.
    private static let batch = 500

    /// Publishes until the core's wake is closed or the task is cancelled.
    ///
    /// - Throws: what the store throws.
    func run() async throws {
        while await core.outboxWake.next(most: .max) != nil {
            while !Task.isCancelled {
                let messages = try await core.outgoing(most: Self.batch)
                if messages.isEmpty { break }
                let settled = await publish(messages)
                try await core.published(settled)
                // What the broker did not take just now is tried again, but not at once.
                if settled.count < messages.count { try? await Task.sleep(for: .seconds(1)) }
            }
        }
    }

    private func publish(_ messages: [Store.Outgoing]) async -> [(Store.Outgoing, String?)] {
        await withTaskGroup(of: (Store.Outgoing, String?)?.self) { group in
            for message in messages {
                group.addTask { await publish(message) }
            }
            var settled: [(Store.Outgoing, String?)] = []
            for await outcome in group { if let outcome { settled.append(outcome) } }
            return settled
        }
    }

    /// Publishes one. Returns why it cannot be delivered; nothing at all if it has to be tried again.
    private func publish(_ message: Store.Outgoing) async -> (Store.Outgoing, String?)? {
        do {
            if message.kind == .survey, let host = message.host.flatMap({ HostName($0) }),
                !(try await hasQueue(host))
            {
                return (
                    message, "has no task queue: run 'reflow provision --host \(host)', then start its worker"
                )
            }
            var properties = MessageProperties()
            properties.contentType = message.contentType
            properties.type = message.type
            properties.messageID = message.messageID
            properties.isPersistent = message.isPersistent
            try await connection.publish(
                AMQP.Message(body: message.body, properties: properties), exchange: message.exchange,
                routingKey: message.routingKey, mandatory: true)
            return (message, nil)
        } catch is CancellationError {
            return nil
        } catch let error as AMQPError where error.isRetriable {
            return nil
        } catch {
            return (message, "could not be sent a task: \(error)")
        }
    }

    /// With an alternate exchange, a message that no queue takes is not returned: so the broker is asked.
    private func hasQueue(_ host: HostName) async throws -> Bool {
        do {
            _ = try await connection.inspect(queue: QueueName.tasks(host))
            return true
        } catch let error as AMQPError where error.code == .notFound {
            return false
        }
    }
}
