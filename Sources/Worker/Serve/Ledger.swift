import AMQP
import DequeModule

/// Which tasks are under way and which have been answered, so that a delivery that comes again (the connection was
/// lost before the ack) starts nothing twice.
actor Ledger {
    /// What to do with a delivery.
    enum Verdict {
        /// Carry the task out.
        case begin
        /// It is under way; its end will ack this delivery too.
        case underWay
        /// It is answered and the answer confirmed: ack.
        case answered
    }

    private var underWay: [String: [Delivery]] = [:]
    private var answered: Deque<String> = []
    private var drained: [CheckedContinuation<Void, Never>] = []

    /// How many answered tasks are remembered; a redelivery comes within seconds, so a few would do.
    private let memory = 1000

    /// Notes that `delivery` brought the task `id`.
    func arrived(_ id: String, _ delivery: Delivery) -> Verdict {
        if answered.contains(id) { return .answered }
        underWay[id, default: []].append(delivery)
        return underWay[id]?.count == 1 ? .begin : .underWay
    }

    /// The task `id` has ended; `isAnswered` if the broker has confirmed an answer. Settles all of its deliveries
    /// with `settle`; those of lost connections ignore it.
    func ended(_ id: String, isAnswered: Bool, settle: (Delivery) -> Void) {
        underWay.removeValue(forKey: id)?.forEach(settle)
        if isAnswered {
            answered.append(id)
            if answered.count > memory { answered.removeFirst() }
        }
        if underWay.isEmpty { stopWaiting() }
    }

    /// Lets whoever waits for the end of the tasks go on, whatever is still under way.
    func stopWaiting() {
        drained.forEach { $0.resume() }
        drained = []
    }

    /// Returns once no task is under way, or at ``stopWaiting()``.
    func waitUntilDrained() async {
        guard !underWay.isEmpty else { return }
        await withCheckedContinuation { drained.append($0) }
    }
}
