import ReflowAPI
import Synchronization

/// Wakes everybody who listens when something has happened: the streams of `watch` and `events --follow`, and `reflow run`.
///
/// Events are in the store's log: a listener is told that there are some, and reads there what comes after the last one that it
/// knows. How a rollout is now is in no log, so the latest of each is kept for each listener. A slow listener loses nothing, and
/// takes no more room than one status of each rollout.
final class Feed: Sendable {
    /// What happens.
    enum Item: Sendable {
        /// Something that is in the log.
        case event(LoggedEvent)
        /// How a rollout is now.
        case rollout(RolloutStatus)
    }

    /// What has happened since a listener last asked.
    struct News: Sendable {
        /// Whether there are events in the log that it wants.
        var hasEvents = false
        /// The latest status of each rollout, by ids.
        var rollouts: [String: RolloutStatus] = [:]
        /// Whether nothing more will come.
        var isClosed = false

        var isEmpty: Bool { !hasEvents && rollouts.isEmpty && !isClosed }
    }

    /// Somebody who listens.
    final class Subscription: Sendable {
        fileprivate let isWanted: @Sendable (Item) -> Bool
        private let wake: @Sendable () -> Void
        private let cancellation: @Sendable () -> Void
        private let news = Mutex(News())

        fileprivate init(
            _ isWanted: @escaping @Sendable (Item) -> Bool, _ wake: @escaping @Sendable () -> Void,
            onCancel: @escaping @Sendable () -> Void
        ) {
            (self.isWanted, self.wake, cancellation) = (isWanted, wake, onCancel)
        }

        /// What has happened since this was last asked.
        func take() -> News {
            news.withLock { news in
                defer { news = News(isClosed: news.isClosed) }
                return news
            }
        }

        /// Listens no more.
        func cancel() { cancellation() }

        fileprivate func add(_ change: (inout News) -> Void) {
            let isFirst = news.withLock { news in
                let wasEmpty = news.isEmpty
                change(&news)
                return wasEmpty
            }
            if isFirst { wake() }
        }
    }

    private struct State {
        var listeners: [Int: Subscription] = [:]
        var lastNumber = 0
        var isClosed = false
    }

    private let state = Mutex(State())

    /// How many listen.
    var listeners: Int { state.withLock { $0.listeners.count } }

    /// Listens to items that `isWanted` says yes to. `wake` is called when there is something to take, once until it is taken.
    func subscribe(
        where isWanted: @escaping @Sendable (Item) -> Bool = { _ in true },
        wake: @escaping @Sendable () -> Void
    ) -> Subscription {
        let (subscription, isClosed) = state.withLock { state in
            state.lastNumber += 1
            let number = state.lastNumber
            let subscription = Subscription(isWanted, wake) { [weak self] in
                self?.state.withLock { $0.listeners[number] = nil }
            }
            if !state.isClosed { state.listeners[number] = subscription }
            return (subscription, state.isClosed)
        }
        if isClosed { subscription.add { $0.isClosed = true } }
        return subscription
    }

    /// Tells everybody who wants to know of `item`. An event has to be in the log by now.
    func publish(_ item: Item) {
        for listener in state.withLock({ Array($0.listeners.values) }) where listener.isWanted(item) {
            listener.add { news in
                switch item {
                case .event: news.hasEvents = true
                case .rollout(let rollout): news.rollouts[rollout.id] = rollout
                }
            }
        }
    }

    /// Tells everybody that nothing more will come, and each who subscribes later.
    func close() {
        let listeners = state.withLock { state in
            defer { state.listeners = [:] }
            state.isClosed = true
            return Array(state.listeners.values)
        }
        for listener in listeners { listener.add { $0.isClosed = true } }
    }
}
