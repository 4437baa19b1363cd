import DequeModule
import Synchronization

/// Bounds the bytes that several tasks hold at a time: whoever wants more waits, in the order of asking.
final class ByteBudget: Sendable {
    private struct Waiting {
        var bytes: Int
        var continuation: CheckedContinuation<Void, Never>
    }

    private struct State {
        var used = 0
        var waiting: Deque<Waiting> = []
        var isClosed = false
    }

    private let limit: Int
    private let state = Mutex(State())

    /// A budget of so many bytes. What is larger than that is let through alone.
    init(_ limit: Int) {
        self.limit = limit
    }

    /// Returns once `bytes` more may be held.
    func reserve(_ bytes: Int) async {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                guard !state.isClosed else { return true }
                guard state.waiting.isEmpty, state.used == 0 || state.used + bytes <= limit else {
                    state.waiting.append(Waiting(bytes: bytes, continuation: continuation))
                    return false
                }
                state.used += bytes
                return true
            }
            if isFree { continuation.resume() }
        }
    }

    /// `bytes` are held no more.
    func release(_ bytes: Int) {
        let ready = state.withLock { state in
            state.used -= bytes
            var ready: [CheckedContinuation<Void, Never>] = []
            while let next = state.waiting.first, state.used == 0 || state.used + next.bytes <= limit {
                state.used += next.bytes
                state.waiting.removeFirst()
                ready.append(next.continuation)
            }
            return ready
        }
        for continuation in ready { continuation.resume() }
    }

    /// Lets everybody through, from now on.
    func close() {
        let waiting = state.withLock { state in
            defer { state.waiting = [] }
            state.isClosed = true
            return state.waiting
        }
        for entry in waiting { entry.continuation.resume() }
    }
}
