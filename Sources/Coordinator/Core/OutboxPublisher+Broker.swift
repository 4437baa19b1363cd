import AMQP
import BrokerKit
import Contract
import Logging
import Synchronization

extension OutboxPublisher {
    /// A publisher of what `core` wants, at `connection`.
    init(core: Core, connection: Connection, log: Logger) {
        let refusals = Refusals(log: log)
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
                let outcome = Outcome(error)
                if outcome == .again, let error = error as? AMQPError { refusals.note(message, error) }
                return outcome
            }
        }
    }
}

/// Logs what the broker does not take: of a kind the first, those that follow as a number. Each message is tried again every
/// second, for each host.
final class Refusals: Sendable {
    private struct Kind: Hashable {
        var message: Store.Outgoing.Kind
        var error: AMQPError.Code
    }

    private let log: Logger
    private let repetitions = Mutex(Repetitions<Kind>())

    init(log: Logger) {
        self.log = log
    }

    func note(_ message: Store.Outgoing, _ error: AMQPError, at now: ContinuousClock.Instant = .now) {
        let kind = Kind(message: message.kind, error: error.code)
        guard let silent = repetitions.withLock({ $0.isDue(kind, "", at: now) }) else { return }
        log.warning(
            "the broker did not take a message, trying again",
            metadata: [
                "type": "\(message.type)", "to": "\(message.routingKey)", "error": "\(error)",
                "repeated": "\(silent)",
            ])
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
