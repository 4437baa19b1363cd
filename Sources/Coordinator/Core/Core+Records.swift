import DefragTypes
import Foundation
import Logging
import ReflowAPI

/// What has happened, and who did what.
extension Core {
    nonisolated func events(_ query: EventQuery) async throws -> [LoggedEvent] {
        try await store.read { try $0.events(query) }
    }

    nonisolated func audit(before: Int64?, limit: Int) async throws -> Listing<AuditEntry> {
        Listing(
            try await store.read { try $0.audit(before: before, limit: limit + 1) }, most: limit, id: \.id)
    }

    func noteRefusal(of who: String, _ what: String, _ detail: [String: String]) {
        do {
            var step = try newStep()
            audit(who, "access.refused", what, detail, &step)
            try commit(step)
        } catch {
            // The log has it.
            log.error("a refusal cannot be put on record", metadata: ["error": "\(error)"])
        }
    }

    func audit(
        _ who: String, _ action: String, _ object: String, _ detail: some Encodable, answer: String? = nil,
        _ step: inout Step
    ) {
        let entry = AuditEntry(
            time: Timestamp(step.now), who: who, action: action, object: object,
            detail: try? JSONColumn.value(JSONColumn.text(detail)))
        step.write { try $0.record(entry) }
        if let key = Order.current?.key {
            step.write { [now = step.now] in try $0.remember(key, of: who, answer: answer ?? object, at: now)
            }
        }
    }

    /// What came of the current order when `who` gave it before, such as a rollout's id; `nil` if it was not.
    func answer(to who: String) throws -> String? {
        guard let key = Order.current?.key, let known = try read({ try $0.order(key.text, of: who) }) else {
            return nil
        }
        guard known.request == key.request else {
            throw OperationError.keyReused(
                "the Idempotency-Key \(key.text) was used for another request: take a new one for each")
        }
        return known.answer
    }
}
