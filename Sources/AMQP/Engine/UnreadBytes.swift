import Synchronization

/// Counts the bytes of what a connection has received and nobody has read, and says when there is no room for more.
///
/// The prefetch bounds messages, and those may be large: what has no room stays in the socket, and so with the broker.
final class UnreadBytes: Sendable {
    private let limit: Int
    private let roomAgain: @Sendable () -> Void
    private let count = Mutex(0)

    /// Up to `limit`, and one message more. `roomAgain` is called when there is room again.
    init(_ limit: Int, roomAgain: @escaping @Sendable () -> Void) {
        self.limit = limit
        self.roomAgain = roomAgain
    }

    /// Bytes now.
    var now: Int { count.withLock { $0 } }

    /// Whether more may be received.
    var hasRoom: Bool { now < limit }

    /// So many were received.
    func add(_ bytes: Int) { count.withLock { $0 += bytes } }

    /// So many were read, or forgotten.
    func remove(_ bytes: Int) {
        let isRoomAgain = count.withLock { count in
            defer { count -= bytes }
            return count >= limit && count - bytes < limit
        }
        if isRoomAgain { roomAgain() }
    }
}
