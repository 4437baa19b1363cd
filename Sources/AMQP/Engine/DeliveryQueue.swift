import DequeModule
import Synchronization

/// Deliveries on their way from the connection's thread to the consumer's loop.
///
/// At most as many as the prefetch: the broker sends no more before some are settled, and those of a lost
/// connection are forgotten. Their bytes count as ``UnreadBytes``.
final class DeliveryQueue: Sendable {
    private struct State {
        var waiting: Deque<Delivery> = []
        var readers: [UInt64: CheckedContinuation<Delivery?, Never>] = [:]
        var nextReader: UInt64 = 0
        var isFinished = false
    }

    private let unread: UnreadBytes
    private let state = Mutex(State())

    init(_ unread: UnreadBytes) {
        self.unread = unread
    }

    func push(_ delivery: Delivery) {
        let reader = state.withLock { state -> CheckedContinuation<Delivery?, Never>? in
            guard let first = state.readers.keys.min() else {
                if !state.isFinished {
                    state.waiting.append(delivery)
                    unread.add(delivery.size)
                }
                return nil
            }
            return state.readers.removeValue(forKey: first)
        }
        reader?.resume(returning: delivery)
    }

    /// Forgets what the broker will deliver again.
    func retire(_ incarnation: Incarnation) {
        let retired = state.withLock { state in
            let retired = state.waiting.filter { $0.incarnation == incarnation }
            state.waiting.removeAll { $0.incarnation == incarnation }
            return retired
        }
        forget(retired)
    }

    /// Takes out what nobody has read.
    func drain() -> [UInt64] {
        let drained = state.withLock { state in
            defer { state.waiting = [] }
            return state.waiting
        }
        forget(drained)
        return drained.map(\.tag)
    }

    func finish() {
        let (readers, forgotten) = state.withLock { state in
            defer {
                state.readers = [:]
                state.waiting = []
            }
            state.isFinished = true
            return (Array(state.readers.values), state.waiting)
        }
        for reader in readers { reader.resume(returning: nil) }
        forget(forgotten)
    }

    private func forget(_ deliveries: some Sequence<Delivery>) {
        unread.remove(deliveries.reduce(0) { $0 + $1.size })
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
                if let ready {
                    if let delivery = ready { unread.remove(delivery.size) }
                    reader.resume(returning: ready)
                }
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
