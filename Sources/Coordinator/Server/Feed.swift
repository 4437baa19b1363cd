import ReflowAPI
import Synchronization

/// Hands what happens to everybody who listens at the moment: the streams of `watch`, `events --follow` and the dashboard.
///
/// Whoever does not keep up is cut off, and may come back and ask the log for what it missed: nothing is buffered
/// without bound. Publish from one place, in order.
final class Feed: Sendable {
    /// What happens.
    enum Item: Sendable {
        /// Something that is in the log.
        case event(LoggedEvent)
        /// How a rollout is now. Only the latest counts; it is in no log.
        case rollout(RolloutStatus)
        /// Nothing, for a while.
        case heartbeat
    }

    /// Somebody who listens.
    struct Subscription: Sendable {
        /// What happens from now on; ends when the feed is closed, or when the listener is cut off.
        let items: AsyncStream<Item>
        private let continuation: AsyncStream<Item>.Continuation

        fileprivate init(_ items: AsyncStream<Item>, _ continuation: AsyncStream<Item>.Continuation) {
            self.items = items
            self.continuation = continuation
        }

        /// Puts a heartbeat among the items.
        func beat() { continuation.yield(.heartbeat) }

        /// Listens no more.
        func cancel() { continuation.finish() }
    }

    private struct Listener {
        let isWanted: @Sendable (Item) -> Bool
        let continuation: AsyncStream<Item>.Continuation
    }

    private struct State {
        var listeners: [Int: Listener] = [:]
        var lastNumber = 0
        var isClosed = false
    }

    private let state = Mutex(State())
    private let capacity: Int

    /// A feed whose listeners may be `capacity` items behind.
    init(capacity: Int = 1024) {
        self.capacity = capacity
    }

    /// How many listen.
    var listeners: Int { state.withLock { $0.listeners.count } }

    /// Listens to items that `isWanted` says yes to.
    func subscribe(where isWanted: @escaping @Sendable (Item) -> Bool = { _ in true }) -> Subscription {
        let (items, continuation) = AsyncStream.makeStream(
            of: Item.self, bufferingPolicy: .bufferingOldest(capacity))
        let number = state.withLock { state -> Int? in
            guard !state.isClosed else { return nil }
            state.lastNumber += 1
            state.listeners[state.lastNumber] = Listener(isWanted: isWanted, continuation: continuation)
            return state.lastNumber
        }
        if let number {
            continuation.onTermination = { [weak self] _ in
                self?.state.withLock { $0.listeners[number] = nil }
            }
        } else {
            continuation.finish()
        }
        return Subscription(items, continuation)
    }

    /// Hands `item` to everybody.
    func publish(_ item: Item) {
        // Outside the lock: to finish a stream takes it again.
        for listener in state.withLock({ Array($0.listeners.values) }) where listener.isWanted(item) {
            if case .dropped = listener.continuation.yield(item) { listener.continuation.finish() }
        }
    }

    /// Ends every stream, and each that is asked for later.
    func close() {
        let listeners = state.withLock { state in
            state.isClosed = true
            return Array(state.listeners.values)
        }
        for listener in listeners { listener.continuation.finish() }
    }
}
