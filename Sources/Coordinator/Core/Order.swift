import Synchronization

/// Something that an operator wants done, until it is begun: anyone who is told that nothing comes of it can rely on that, however
/// late the core gets to it.
final class Order: Sendable {
    private enum State { case waiting, begun, withdrawn }
    private let state = Mutex(State.waiting)
    /// By what it is recognised when it is given again; `nil` for one that is carried out each time.
    let key: OrderKey?

    /// The one that the current task carries out; `nil` for what is wanted however long it takes.
    @TaskLocal static var current: Order?

    init(key: OrderKey? = nil) {
        self.key = key
    }

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

/// What a client calls an order, so that it is carried out once however often it is given
/// (draft-ietf-httpapi-idempotency-key-header).
struct OrderKey: Hashable, Sendable {
    /// The client's word.
    let text: String
    /// All that is asked for, with the method and the path: the same word may not be used for something else.
    let request: [UInt8]

    /// Longest word, in characters.
    static let longest = 255

    /// `nil` if `text` is no word.
    init?(_ text: String, of request: [UInt8]) {
        guard (1...Self.longest).contains(text.utf8.count),
            text.utf8.allSatisfy({ (0x21...0x7e).contains($0) })
        else { return nil }
        self.text = text
        self.request = request
    }
}
