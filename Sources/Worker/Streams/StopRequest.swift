import DefragTypes
import Glibc
import Synchronization
import UnixSignals

/// Whether the work shall end: set by a signal or by a reader of the output that went away, and looked at between chunks.
final class StopRequest: Sendable {
    private let isSet = Atomic(false)

    /// Whether the work shall end.
    var isRequested: Bool { isSet.load(ordering: .relaxed) }

    /// Asks for the end.
    func request() { isSet.store(true, ordering: .relaxed) }

    /// Runs `work` on a thread of its own while signals are listened to: the first one asks for the end, see ``EndRequests``.
    func duringSignals<Result: Sendable>(_ work: @escaping @Sendable () -> Result) async -> Result {
        let signals = await endSignals()
        let listener = Task {
            var requests = EndRequests()
            for await signal in signals {
                switch requests.take(signal) {
                case .end:
                    request()
                    let newLine = terminalWidth() == nil ? "" : "\n"
                    standardError(newLine + "Stopping after this chunk; once more to stop at once.\n")
                case .endNow: _exit(ExitStatus.stoppedEarly.rawValue)
                case .ignore: break
                }
            }
        }
        defer { listener.cancel() }
        return await onThread(work)
    }
}
