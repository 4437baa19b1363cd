import Synchronization

/// Something that an operator wants done, until it is begun: anyone who is told that nothing comes of it can rely on that, however
/// late the core gets to it.
final class Order: Sendable {
    private enum State { case waiting, begun, withdrawn }
    private let state = Mutex(State.waiting)

    /// The one that the current task carries out; `nil` for what is wanted however long it takes.
    @TaskLocal static var current: Order?

    /// Notes that it is carried out from now on; returns whether it still may be.
    func begin() -> Bool {
        state.withLock { state in
            if state == .waiting { state = .begun }
            return state == .begun
        }
    }

    /// Notes that nobody waits for it any more; returns whether nothing of it is carried out.
    @discardableResult func withdraw() -> Bool {
        state.withLock { state in
            if state == .waiting { state = .withdrawn }
            return state == .withdrawn
        }
    }
}
