import AMQP
import Contract

extension OutboxPublisher {
    /// A publisher of what `core` wants, at `connection`.
    init(core: Core, connection: Connection) {
        self.init(core: core) { message in
            do {
                if message.kind == .survey, let host = message.host.flatMap({ HostName($0) }),
                    !(try await connection.hasQueue(of: host))
                {
                    return .undeliverable(
                        "has no task queue: run 'reflow provision --host \(host)', then start its worker")
                }
                try await connection.publish(
                    AMQP.Message(message), exchange: message.exchange, routingKey: message.routingKey,
                    mandatory: true)
                return .published
            } catch {
                return Outcome(error)
            }
        }
    }
}

extension OutboxPublisher.Outcome {
    /// What an error at publishing means for the message.
    init(_ error: any Error) {
        switch error {
        case is CancellationError: self = .again
        // No such exchange: the broker has come back empty, and all is declared anew.
        case let error as AMQPError where error.isRetriable || error.code == .notFound: self = .again
        default: self = .undeliverable("could not be sent a task: \(error)")
        }
    }
}

extension Connection {
    /// With an alternate exchange, a message that no queue takes is not returned: so the broker is asked.
    fileprivate func hasQueue(of host: HostName) async throws -> Bool {
        do {
            _ = try await inspect(queue: QueueName.tasks(host))
            return true
        } catch let error as AMQPError where error.code == .notFound {
            return false
        }
    }
}

extension AMQP.Message {
    fileprivate init(_ message: Store.Outgoing) {
        var properties = MessageProperties()
        properties.contentType = message.contentType
        properties.type = message.type
        properties.messageID = message.messageID
        self.init(body: message.body, properties: properties)
    }
}
