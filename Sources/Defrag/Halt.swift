import DefragTypes
import Glibc
import XFS

/// What ends a run before the end of the file.
enum Halt: Error {
    /// It can be resumed later.
    case stop(Reason, message: String?)
    /// It must not begin.
    case refuse(Refusal)
    /// The machine is at fault.
    case fail(SystemError)

    /// Why it can be resumed later; `nil` if it cannot.
    var stop: Reason? {
        if case .stop(let reason, _) = self { reason } else { nil }
    }

    /// So many windows in a row were rewritten without a gain.
    static func noGain(after windows: Int) -> Halt {
        .stop(
            .noGain,
            message:
                "\(windows) windows in a row gained next to nothing by being rewritten: the free space itself is fragmented, or guests "
                + "write faster. Free some space, or run again later")
    }

    /// Even the smallest chunks are too slow, of which `lock` was the longest lock.
    static func tooSlow(_ lock: Duration) -> Halt {
        .stop(
            .tooSlow,
            message:
                "even the smallest chunks lock the file for longer than max-pause (up to \(lock.text)): others keep the device busy, or "
                + "it is sick. Run again later, allow more (max-pause), or check the device")
    }

    /// What `error`, of work on the file, means for the run.
    init(_ error: any Error) {
        switch error {
        case let halt as Halt: self = halt
        case let error as SystemError: self.init(error)
        // Nothing else is thrown.
        default: self = .fail(SystemError(errno: EIO, operation: "\(error)"))
        }
    }

    private init(_ error: SystemError) {
        if error.errno == EPERM, error.subject != .folder {
            // It was permitted when the run began.
            self = .stop(.immutable, message: "the file became immutable or append-only")
        } else if let cause = Cause(error, name: "the file") {
            self =
                error.subject == .folder
                    || [.notPermitted, .fileMount, .tooLarge, .busy].contains(cause.reason)
                ? .refuse(Refusal(cause.reason, cause.sentence))
                : .stop(cause.reason, message: cause.sentence)
        } else {
            self = .fail(error)
        }
    }
}
