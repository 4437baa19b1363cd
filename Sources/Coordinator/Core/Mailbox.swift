import Synchronization

/// Things in the order in which they came, taken out many at a time: one transaction serves all that have come meanwhile.
final class Mailbox<Item: Sendable>: Sendable {
    private let state = Mutex(State())

    private struct State {
        var items: [Item] = []
        var isClosed = false
        var waiting: CheckedContinuation<Void, Never>?
    }

    /// Puts something in.
    func put(_ item: Item) {
        let waiting = state.withLock { state in
            if !state.isClosed { state.items.append(item) }
            return state.waiting.take()
        }
        waiting?.resume()
    }

    /// Lets ``next(most:)`` return `nil` once everything has been taken out.
    func close() {
        let waiting = state.withLock { state in
            state.isClosed = true
            return state.waiting.take()
        }
        waiting?.resume()
    }

    /// What has come, at most so many, without waiting.
    func take(most limit: Int = .max) -> [Item] {
        state.withLock { state in
            // Mostly all of it, and nothing is moved.
            guard state.items.count > limit else {
                defer { state.items = [] }
                return state.items
            }
            let taken = Array(state.items.prefix(limit))
            state.items.removeFirst(limit)
            return taken
        }
    }

    /// What has come, at least one and at most so many; `nil` after ``close()``. One reader at a time.
    func next(most limit: Int) async -> [Item]? {
        while true {
            let items = take(most: limit)
            if !items.isEmpty { return items }
            if state.withLock({ $0.isClosed && $0.items.isEmpty }) { return nil }
            await withCheckedContinuation { continuation in
                let isDue = state.withLock { state in
                    guard state.items.isEmpty, !state.isClosed else { return true }
                    state.waiting = continuation
                    return false
                }
                if isDue { continuation.resume() }
            }
        }
    }
}
