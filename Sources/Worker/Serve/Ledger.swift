import AMQP
import DequeModule
import Synchronization

/// Which tasks are under way and which have been answered, so that a delivery that comes again (the connection was
/// lost before the ack) starts nothing twice.
final class Ledger: Sendable {
    /// What to do with a delivery.
    enum Verdict {
        /// Carry the task out.
        case begin
        /// It is under way; its end will ack this delivery too.
        case underWay
        /// It is answered and the answer confirmed: ack.
        case answered
    }

    private struct State {
        var underWay: [String: [Delivery]] = [:]
        var answered: Deque<String> = []
        var drained: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    /// How many answered tasks are remembered; a redelivery comes within seconds, so a few would do.
    private static let memory = 1000

    /// Ids of the tasks that were taken and have not ended, those that wait for their turn included.
    var accepted: [String] { state.withLock { $0.underWay.keys.sorted() } }

    /// Notes that `delivery` brought the task `id`.
    func arrived(_ id: String, _ delivery: Delivery) -> Verdict {
        state.withLock { state in
            if state.answered.contains(id) { return .answered }
            state.underWay[id, default: []].append(delivery)
            return state.underWay[id]?.count == 1 ? .begin : .underWay
        }
    }

    /// The task `id` has ended; `isAnswered` if the broker has confirmed an answer. Settles all of its deliveries
    /// with `settle`; those of lost connections ignore it.
    func ended(_ id: String, isAnswered: Bool, settle: (Delivery) -> Void) {
        let (deliveries, isDrained) = state.withLock { state in
            if isAnswered {
                state.answered.append(id)
                if state.answered.count > Self.memory { state.answered.removeFirst() }
            }
            return (state.underWay.removeValue(forKey: id) ?? [], state.underWay.isEmpty)
        }
        deliveries.forEach(settle)
        if isDrained { stopWaiting() }
    }

    /// Lets whoever waits for the end of the tasks go on, whatever is still under way.
    func stopWaiting() {
        let waiting = state.withLock { state in
            defer { state.drained = [] }
            return state.drained
        }
        for waiter in waiting { waiter.resume() }
    }

    /// Returns once no task is under way, or at ``stopWaiting()``.
    func waitUntilDrained() async {
        await withCheckedContinuation { waiter in
            let isDrained = state.withLock { state in
                if !state.underWay.isEmpty { state.drained.append(waiter) }
                return state.underWay.isEmpty
            }
            if isDrained { waiter.resume() }
        }
    }
}
