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
        case event(HostName, HostEvent)
        /// A task ended among the dead letters.
        case dead(task: String, reason: String)
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
            return .event(host, message.body)
        } catch {
            return .ignored("an event that is not understood: \(error)")
        }
    }

    private func deadLetter(_ delivery: Delivery, _ bytes: [UInt8]) -> Meaning {
        guard let task = delivery.properties.messageID else { return .ignored("a dead letter without an id") }
        let headers = delivery.properties.headers
        if let reason = headers[DeadLetterHeader.reason]?.stringValue {
            let detail = headers[DeadLetterHeader.detail]?.stringValue.map { ": \($0)" } ?? ""
            return .dead(task: task, reason: reason + detail)
        }
        // Put there by the broker itself, such as `delivery_limit`.
        return .dead(
            task: task, reason: headers["x-first-death-reason"]?.stringValue ?? "dead-lettered by the broker")
    }
}
