import DequeModule
import Synchronization

/// Deliveries on their way from the connection's thread to the consumer's loop.
///
/// At most as many as the prefetch: the broker sends no more before some are settled, and those of a lost
/// connection are forgotten.
final class DeliveryQueue: Sendable {
    private struct State {
        var waiting: Deque<Delivery> = []
        var readers: [UInt64: CheckedContinuation<Delivery?, Never>] = [:]
        var nextReader: UInt64 = 0
        var isFinished = false
    }

    private let state = Mutex(State())

    func push(_ delivery: Delivery) {
        let reader = state.withLock { state -> CheckedContinuation<Delivery?, Never>? in
            guard let first = state.readers.keys.min() else {
                if !state.isFinished { state.waiting.append(delivery) }
                return nil
            }
            return state.readers.removeValue(forKey: first)
        }
        reader?.resume(returning: delivery)
    }

    /// Forgets what the broker will deliver again.
    func retire(_ incarnation: Incarnation) {
        state.withLock { $0.waiting.removeAll { $0.incarnation == incarnation } }
    }

    /// Takes out what nobody has read.
    func drain() -> [UInt64] {
        state.withLock { state in
            defer { state.waiting = [] }
            return state.waiting.map(\.tag)
        }
    }

    func finish() {
        let readers = state.withLock { state in
            defer { state.readers = [:] }
            state.isFinished = true
            state.waiting = []
            return state.readers.values.map { $0 }
        }
        for reader in readers { reader.resume(returning: nil) }
    }

    /// The next delivery; `nil` at the end, and when the task is cancelled.
    func next() async -> Delivery? {
        let id = state.withLock { state in
            state.nextReader += 1
            return state.nextReader
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { (reader: CheckedContinuation<Delivery?, Never>) in
                let ready = state.withLock { state -> Delivery?? in
                    if let delivery = state.waiting.popFirst() { return delivery }
                    if state.isFinished || Task.isCancelled { return .some(nil) }
                    state.readers[id] = reader
                    return .none
                }
                if let ready { reader.resume(returning: ready) }
                // Cancelled in between: then the handler below has found nothing to resume.
                if Task.isCancelled { abandon(id) }
            }
        } onCancel: {
            abandon(id)
        }
    }

    private func abandon(_ id: UInt64) {
        state.withLock { $0.readers.removeValue(forKey: id) }?.resume(returning: nil)
    }
}
