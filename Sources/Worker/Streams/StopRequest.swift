import DefragTypes
import Glibc
import Synchronization
import UnixSignals

/// Whether the work shall end: set by SIGINT, SIGTERM or a reader of the output that went away, and looked at
/// between chunks.
final class StopRequest: Sendable {
    private let isSet = Atomic(false)

    /// Whether the work shall end.
    var isRequested: Bool { isSet.load(ordering: .relaxed) }

    /// Asks for the end.
    ///
    /// - Returns: whether this is the first time.
    @discardableResult
    func request() -> Bool { !isSet.exchange(true, ordering: .relaxed) }

    /// Runs `work` on a thread of its own while signals are listened to. The first one asks for the end; the second
    /// ends the process at once, which is safe at any moment.
    func duringSignals<Result: Sendable>(_ work: @escaping @Sendable () -> Result) async -> Result {
        let signals = await UnixSignalsSequence(trapping: [.sigint, .sigterm])
        let listener = Task {
            for await _ in signals {
                if self.request() {
                    let newLine = terminalWidth() == nil ? "" : "\n"
                    standardError(newLine + "Stopping after this chunk; once more to stop at once.\n")
                } else {
                    _exit(ExitStatus.stoppedEarly.rawValue)
                }
            }
        }
        defer { listener.cancel() }
        return await onThread(work)
    }
}
