import AMQP
import BrokerKit
import Synchronization

/// What is being published. Outside of the core: without the lease it is broken off at once, also while the core's thread waits for
/// its disk.
final class Publications: Sendable {
    private struct State {
        var isForbidden = false
        var tasks: [Store.Outgoing.Queue: Task<Void, Never>] = [:]
    }

    private let state = Mutex(State())

    /// Whether nothing may be published, as the connection has lost the lease; the core may not have heard of it yet.
    var isForbidden: Bool { state.withLock(\.isForbidden) }

    /// The queues to which something is being published.
    var queues: Set<Store.Outgoing.Queue> { state.withLock { Set($0.tasks.keys) } }

    /// Begins to publish to a queue.
    func begin(_ queue: Store.Outgoing.Queue, _ work: @escaping @Sendable () async -> Void) {
        state.withLock { $0.tasks[queue] = Task(operation: work) }
    }

    /// What was published to a queue is settled.
    func ended(_ queue: Store.Outgoing.Queue) { state.withLock { $0.tasks[queue] = nil } }

    /// Breaks off what has begun.
    func breakOff() {
        for task in state.withLock({ $0.tasks.values }) { task.cancel() }
    }

    /// Breaks off what has begun, and waits for its end.
    func end() async {
        breakOff()
        let tasks = state.withLock { state in
            defer { state.tasks = [:] }
            return Array(state.tasks.values)
        }
        for task in tasks { await task.value }
    }

    /// Takes in what the connection that holds the lease says of it.
    func note(_ change: ConnectionState) {
        switch change {
        case .consuming(Topology.leaseQueue.name): state.withLock { $0.isForbidden = false }
        case .notConsuming(Topology.leaseQueue.name, _, _), .disconnected:
            state.withLock { $0.isForbidden = true }
            breakOff()
        default: break
        }
    }
}
