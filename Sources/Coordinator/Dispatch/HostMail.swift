import AMQP
import Contract
import Rollout

/// Reads what the broker delivers to a coordinator: hosts' events and dead letters.
struct HostMail {
    /// The broker user that speaks for every host, where one is configured.
    let sharedUser: String?

    /// What a delivery means.
    enum Meaning {
        /// A host says something, and may be believed.
        case event(HostName, HostEvent, id: String)
        /// A task ended among the dead letters.
        case dead(DeadLetter)
        /// Not for us, or not to be believed; why, in words.
        case ignored(String)
    }

    /// What `delivery` means.
    func meaning(of delivery: Delivery) -> Meaning {
        guard case .complete(let bytes) = delivery.body else {
            return .ignored("a message that is too large")
        }
        if delivery.exchange == ExchangeName.dead { return deadLetter(delivery, bytes) }
        do {
            let message = try Contract.Message<HostEvent>(json: bytes)
            guard let host = EventAddress.host(ofSource: message.source) else {
                return .ignored("an event from '\(message.source)', which is no host")
            }
            let user = delivery.properties.userID
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

    private func deadLetter(_ delivery: Delivery, _ bytes: [UInt8]) -> Meaning {
        let properties = delivery.properties
        let headers = properties.headers
        // Put there by a worker, or by the broker itself, such as `delivery_limit`.
        let reason =
            headers[DeadLetterHeader.reason]?.stringValue ?? headers["x-first-death-reason"]?.stringValue
            ?? "dead-lettered by the broker"
        let queue =
            headers[DeadLetterHeader.queue]?.stringValue ?? headers["x-first-death-queue"]?.stringValue
        let prefix = QueueName.taskPrefix
        return .dead(
            DeadLetter(
                reason: reason, detail: headers[DeadLetterHeader.detail]?.stringValue, queue: queue,
                host: queue.flatMap {
                    $0.hasPrefix(prefix) ? HostName(String($0.dropFirst(prefix.count))) : nil
                },
                messageID: properties.messageID, type: properties.type, contentType: properties.contentType,
                body: bytes))
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
    /// Its content, as far as it was kept.
    var body: [UInt8]

    /// Reason and detail.
    var why: String { reason + (detail.map { ": \($0)" } ?? "") }
}
