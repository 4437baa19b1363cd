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

    /// So many windows in a row were rewritten without a gain.
    static func noGain(after windows: Int) -> Halt {
        .stop(
            .noGain,
            message:
                "\(windows) windows in a row gained next to nothing by being rewritten: the free space itself is fragmented, or guests "
                + "write faster. Free some space, or run again later")
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
        switch error.errno {
        case ENOSPC: self = .stop(.lowSpace, message: "the file system is full: make room and go on")
        case EDQUOT: self = .stop(.quota, message: "a quota is used up: raise it and go on")
        case ETXTBSY: self = .stop(.swapFile, message: "the file became a swap file")
        case EACCES:
            self = .refuse(
                Refusal(
                    .notPermitted,
                    "its folder may not be written to, and the run needs a nameless file there: run as the folder's owner or root"
                ))
        case EPERM: self = .stop(.immutable, message: "the file became immutable or append-only")
        default: self = .fail(error)
        }
    }
}
