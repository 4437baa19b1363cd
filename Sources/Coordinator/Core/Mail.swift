import AMQP
import Contract
import Rollout

/// Reads what the broker delivers to a coordinator: hosts' events and dead letters.
struct HostMail {
    /// The broker user as whom tasks are published: those that the broker itself moves to the dead letters keep it.
    let ownUser: String
    /// The broker user that speaks for every host, where one is configured.
    let sharedUser: String?

    /// What a delivery means.
    enum Meaning {
        /// A host says something, and may be believed.
        case event(HostName, HostEvent, id: String)
        /// A message ended among the dead letters. With a host: it was for that one, and whoever says so may be believed.
        case dead(DeadLetter, HostName?)
        /// Not for us, or not to be believed; why, in words.
        case ignored(String)
    }

    /// What `delivery` means.
    func meaning(of delivery: Delivery) -> Meaning {
        guard case .complete(let bytes) = delivery.body else {
            return .ignored("a message that is too large")
        }
        return meaning(of: bytes, delivery.properties, from: delivery.exchange)
    }

    /// What a message with these properties means, published to `exchange`.
    func meaning(of bytes: [UInt8], _ properties: MessageProperties, from exchange: String) -> Meaning {
        if exchange == ExchangeName.dead { return deadLetter(bytes, properties) }
        do {
            let message = try Contract.Message<HostEvent>(json: bytes)
            guard let host = EventAddress.host(ofSource: message.source) else {
                return .ignored("an event from '\(message.source)', which is no host")
            }
            let user = properties.userID
            guard EventAddress.mayBelieve(user: user, speakingFor: host, sharedUser: sharedUser) else {
                return .ignored(
                    "an event for host \(host), published by the broker user '\(user ?? "unknown")': only "
                        + "'reflow-\(host)' is believed. Where all hosts share one user, set REFLOW_SHARED_USER"
                )
            }
            return .event(host, message.body, id: message.id)
        } catch {
            return .ignored("an event that is not understood: \(error)")
        }
    }

    private func deadLetter(_ bytes: [UInt8], _ properties: MessageProperties) -> Meaning {
        let headers = properties.headers
        // Put there by a worker, or by the broker itself, such as `delivery_limit`.
        let reason =
            headers[DeadLetterHeader.reason]?.stringValue ?? headers["x-first-death-reason"]?.stringValue
            ?? "dead-lettered by the broker"
        let queue =
            headers[DeadLetterHeader.queue]?.stringValue ?? headers["x-first-death-queue"]?.stringValue
        let host = queue.flatMap(QueueName.host(ofQueue:))
        return .dead(
            DeadLetter(
                reason: reason, detail: headers[DeadLetterHeader.detail]?.stringValue, queue: queue,
                host: host,
                messageID: properties.messageID, type: properties.type, contentType: properties.contentType,
                body: bytes,
                size: max(
                    bytes.count, Int(clamping: headers[DeadLetterHeader.bodySize]?.integerValue ?? 0))),
            host.flatMap { mayBelieve(properties.userID, of: $0) ? $0 : nil })
    }

    /// Whether a dead letter of `host` may be believed. Every host may publish some, and knows the ids of others' tasks
    /// from them.
    private func mayBelieve(_ user: String?, of host: HostName) -> Bool {
        user == ownUser || EventAddress.mayBelieve(user: user, speakingFor: host, sharedUser: sharedUser)
    }
}

/// A message that could not be handled.
struct DeadLetter: Hashable, Sendable {
    /// A code, such as `malformed` or `delivery_limit`.
    var reason: String
    /// What is wrong, in words.
    var detail: String?
    /// The queue from which it came.
    var queue: String?
    /// The host for which it was.
    var host: HostName?
    /// Its id: that of the task, if it was one.
    var messageID: String?
    /// What it was.
    var type: String?
    var contentType: String?
    /// Its content; empty where it was too large to be kept, and in listings.
    var body: [UInt8]
    /// Length of its content in bytes.
    var size: Int

    /// Reason and detail.
    var why: String { reason + (detail.map { ": \($0)" } ?? "") }
}
