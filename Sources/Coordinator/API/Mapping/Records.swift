import Contract
import Foundation
import JSON

extension EventView {
    init(_ event: Store.Event) {
        self.init(
            id: event.id, time: Timestamp(event.time), type: event.type, rollout: event.rollout,
            host: event.host.flatMap { HostName($0) }, subject: event.subject, text: event.text)
    }
}

extension AuditView {
    init(_ entry: Store.AuditEntry) {
        self.init(
            id: entry.id, time: Timestamp(entry.time), who: entry.who, action: entry.action,
            object: entry.object,
            detail: entry.detail.flatMap { try? JSONDecoder().decode(JSONValue.self, from: $0) })
    }
}

extension Store.KeptLetter {
    var view: DeadLetterView {
        DeadLetterView(
            id: "\(id)", time: Timestamp(time), queue: letter.queue, reason: letter.reason,
            detail: letter.detail,
            type: letter.type, messageID: letter.messageID, host: letter.host, size: letter.size,
            body: letter.body.isEmpty ? nil : String(validating: letter.body, as: UTF8.self))
    }
}

extension Timestamp {
    /// The moment that it names; `nil` where it has a form that is not understood.
    var date: Date? {
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: description.contains("."))
        return try? style.parse(description)
    }
}
