import AMQP
import BrokerKit
import Contract
import Settings
import Rollout

/// Reads what the broker delivers to a coordinator: hosts' events and dead letters.
struct HostMail {
    /// The broker account as which tasks are published: those that the broker itself moves to the dead letters keep it.
    let ownUser: String
    /// The broker account that speaks for every host, where one is configured.
    let sharedUser: String?

    /// What a delivery means.
    enum Meaning {
        /// A host says something, and may be believed.
        case event(HostName, HostEvent, id: String)
        /// A message ended among the dead letters. With a host: it was for that one, and whoever says so may be believed.
        case dead(DeadLetter, HostName?)
        /// Not for us, or not to be believed.
        case refused(Complaint)
    }

    // MARK: - Before it is read

    /// Who has published a message, by the broker's word.
    struct Sender: Hashable, Sendable {
        /// The account; `nil` if it said none.
        var account: String?
        /// The host that the account may speak for, and says that it does.
        var host: HostName?
        /// Whether it is the coordinator's own: the broker has moved it.
        var isOwn = false
    }

    /// Who has published a message with these properties, with this routing key.
    func sender(_ properties: MessageProperties, routingKey: String, isDead: Bool) -> Sender {
        let account = properties.userID
        // Where hosts share the coordinator's account, what the broker says of a move tells them apart.
        let isOwn =
            isDead && account == ownUser
            && (ownUser != sharedUser || properties.headers["x-first-death-reason"] != nil)
        let named = HostName(String(Substring(routingKey.utf8.prefix { $0 != UInt8(ascii: ".") })))
        if let named, EventAddress.mayBelieve(user: account, speakingFor: named, sharedUser: sharedUser) {
            return Sender(account: account, host: named, isOwn: isOwn)
        }
        // A dead letter needs no routing key.
        let own = isDead ? account.flatMap(EventAddress.host(ofAccount:)) : nil
        return Sender(account: account, host: own, isOwn: isOwn)
    }

    // MARK: - Reading

    /// What `delivery` of `sender` means.
    func meaning(of delivery: Delivery, from sender: Sender) -> Meaning {
        guard case .complete(let bytes) = delivery.body else {
            return .refused(complaint(.tooLarge, "more than the 1 MiB that a message may have", sender))
        }
        return meaning(of: bytes, delivery.properties, to: delivery.exchange, from: sender)
    }

    /// What a message with these properties means, published to `exchange`.
    func meaning(
        of bytes: [UInt8], _ properties: MessageProperties, to exchange: String, from sender: Sender
    ) -> Meaning {
        if exchange == ExchangeName.dead { return deadLetter(bytes, properties, from: sender) }
        guard let host = sender.host else {
            return .refused(
                complaint(
                    .notBelieved,
                    "an event, but only 'reflow-<host>' is believed, and of its own host only. Where all hosts share one account, set REFLOW_SHARED_USER",
                    sender))
        }
        do {
            let message = try Contract.Message<HostEvent>(json: bytes)
            guard EventAddress.host(ofSource: message.source) == host else {
                return .refused(
                    complaint(.notBelieved, "an event that is said to come from '\(message.source)'", sender))
            }
            return .event(host, message.body, id: message.id)
        } catch {
            let kind: Complaint.Kind =
                switch error.code {
                case .unsupportedVersion: .unsupportedVersion
                case .tooLarge: .tooLarge
                default: .malformed
                }
            return .refused(complaint(kind, error.message, sender))
        }
    }

    private func complaint(_ kind: Complaint.Kind, _ detail: String, _ sender: Sender) -> Complaint {
        Complaint(
            subject: .init(account: sender.account, host: sender.host, kind: kind),
            detail: shortened(detail, 500))
    }

    private func deadLetter(_ bytes: [UInt8], _ properties: MessageProperties, from sender: Sender) -> Meaning
    {
        let headers = properties.headers
        func text(_ header: String, most: Int = 255) -> String? {
            headers[header]?.stringValue.map { shortened($0, most) }
        }
        // Put there by a worker, by the broker itself, such as `delivery_limit`, or by anybody who may write there.
        let reason =
            text(DeadLetterHeader.reason, most: 64) ?? text("x-first-death-reason", most: 64)
            ?? DeadLetter.unexplained
        let queue = text(DeadLetterHeader.queue) ?? text("x-first-death-queue")
        let host = queue.flatMap(QueueName.host(ofQueue:))
        let size = max(bytes.count, Int(clamping: headers[DeadLetterHeader.bodySize]?.integerValue ?? 0))
        let isBelieved =
            sender.isOwn
            || host.map {
                EventAddress.mayBelieve(user: sender.account, speakingFor: $0, sharedUser: sharedUser)
            } ?? false
        let letter = DeadLetter(
            reason: reason, detail: text(DeadLetterHeader.detail, most: 2000), queue: queue,
            host: isBelieved ? host ?? sender.host : sender.host, account: sender.account,
            messageID: properties.messageID,
            type: properties.type, contentType: properties.contentType,
            body: bytes.count <= DeadLetter.mostBytes ? bytes : [], size: size)
        // What somebody else sent a host says nothing of our task.
        let isOurs =
            reason != ContractError.Code.notBelieved.rawValue || text(DeadLetterHeader.account) == ownUser
        return .dead(letter, isBelieved && isOurs ? host : nil)
    }
}
