import AMQP
import BrokerKit
import Contract
import Logging

/// What the worker says: answers, confirmed before their task is acked; chatter, of which only the latest counts;
/// dead letters.
struct Outgoing: Sendable {
    let connection: Connection
    let host: HostName
    let log: Logger

    /// Publishes an answer. Returns once the broker has taken it, however long that takes.
    ///
    /// - Throws: ``AMQPError`` where trying again cannot help.
    func answer(_ event: HostEvent, about subject: String?) async throws {
        let message = try AMQP.Message(
            Contract.Message(source: EventAddress.source(host), subject: subject, body: event))
        try await publish(
            message, to: ExchangeName.events, routingKey: EventAddress.routingKey(host, type: event.type))
    }

    /// Publishes chatter, or drops it when the broker is away or busy.
    func mention(_ event: HostEvent) {
        do {
            var message = try AMQP.Message(Contract.Message(source: EventAddress.source(host), body: event))
            message.properties.isPersistent = false
            connection.offer(
                message, key: event.type, exchange: ExchangeName.events,
                routingKey: EventAddress.routingKey(host, type: event.type))
        } catch {
            log.error(
                "an event could not be written", metadata: ["type": "\(event.type)", "error": "\(error)"])
        }
    }

    /// Publishes what could not be handled, with the reason, to the dead letters.
    func deadLetter(_ delivery: Delivery, from queue: String, _ error: ContractError) async throws {
        var message = AMQP.Message(body: [], properties: delivery.properties)
        message.properties.expiration = nil  // a dead letter is to be found, however late
        message.properties.headers[DeadLetterHeader.reason] = .string(error.code.rawValue)
        message.properties.headers[DeadLetterHeader.detail] = .string(error.message)
        message.properties.headers[DeadLetterHeader.queue] = .string(queue)
        // The letter has this worker's account.
        let account = error.code == .notBelieved ? delivery.properties.userID : nil
        message.properties.headers[DeadLetterHeader.account] = account.map { .string($0) }
        switch delivery.body {
        case .complete(let bytes): message.body = bytes
        case .tooLarge(let size):
            message.properties.headers[DeadLetterHeader.bodySize] = .integer(Int64(clamping: size))
        }
        try await publish(message, to: ExchangeName.dead, routingKey: "\(host)")
    }

    private func publish(_ message: AMQP.Message, to exchange: String, routingKey: String) async throws {
        var pause = Duration.milliseconds(500)
        var repetitions = Repetitions<String>()
        while true {
            do {
                return try await connection.publish(
                    message, exchange: exchange, routingKey: routingKey, mandatory: true)
            } catch let error as AMQPError
                where error.isRetriable || [.notFound, .returned].contains(error.code)
            {
                // The latter: exchanges and queues are missing, and are declared again.
                if repetitions.isDue(exchange, "\(error)", at: .now) != nil {
                    log.warning(
                        "the broker did not take a message, trying again", metadata: ["error": "\(error)"])
                }
                try await Task.sleep(for: pause)
                pause = min(pause * 2, .seconds(30))
            }
        }
    }
}
