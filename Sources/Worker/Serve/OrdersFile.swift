import Contract
import DefragTypes
import Dispatch
import Glibc
import JSON
import XFS

/// What operators want of this host, kept for the next worker: the last ``DesiredState``, in a file of the state directory.
///
/// A worker that was paused or held stays so through a crash and an upgrade.
final class OrdersFile: Sendable {
    /// Its path.
    let path: String
    /// Writes one after the other, on a thread of its own, as a disk may be stuck.
    private let queue = DispatchQueue(label: "reflow.orders")

    init(in directory: String) {
        path = directory + "/desired.json"
    }

    /// What the worker before was last told.
    ///
    /// Where the file cannot be read, the host is held: perhaps it was, and an operator sees why.
    func recall() -> DesiredState {
        do {
            return try JSONDecoder().decode(DesiredState.self, from: contents(of: path))
        } catch let error as SystemError where error.errno == ENOENT {
            return .initial
        } catch {
            return DesiredState(
                generation: 0, mode: .run,
                hold: Hold(
                    generation: 1, isHeld: true, since: .now, by: "reflow-worker",
                    why: "\(path) cannot be read: \(error)"))
        }
    }

    /// Keeps `desired`; it is on disk when this returns.
    ///
    /// - Throws: ``SystemError``; what encoding throws.
    func keep(_ desired: DesiredState) async throws {
        let bytes = try JSONEncoder().encode(desired)
        try await withCheckedThrowingContinuation { (done: CheckedContinuation<Void, any Error>) in
            queue.async { [path] in
                done.resume(with: Result { try replaceFile(at: path, with: bytes) })
            }
        }
    }
}
