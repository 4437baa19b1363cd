import Defrag
import DefragTypes
import Dispatch
import Synchronization

/// The slices of one file system, one at a time, on a thread of their own: the engine blocks, and may block for
/// long on a sick or frozen device, which must hold up neither the other file systems nor the broker.
final class Lane: Sendable {
    private let queue: DispatchQueue
    /// What was learnt about the device; `nil` before the first slice. Used on the queue only, the lock just says so to the
    /// compiler.
    private let pauses = Mutex<PauseController?>(nil)

    init(name: String) {
        queue = DispatchQueue(label: "reflow.lane.\(name)")
    }

    /// Runs `work` after everything that was asked before.
    func run<Value: Sendable>(
        _ work: @escaping @Sendable (inout PauseController?) -> Value
    ) async -> Value {
        await withCheckedContinuation { continuation in
            queue.async {
                continuation.resume(returning: self.pauses.withLock { work(&$0) })
            }
        }
    }
}

/// The lanes of a host, by the device of the file system or whatever else tells them apart.
actor Lanes {
    private var lanes: [PathKey: Lane] = [:]

    /// The lane called `name`.
    func lane(_ name: String) -> Lane {
        // A survey's is called after its roots.
        let key = PathKey(name)
        if let lane = lanes[key] { return lane }
        let lane = Lane(name: name)
        lanes[key] = lane
        return lane
    }
}
