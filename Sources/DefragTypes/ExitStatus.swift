/// Exit status of both programs, with the numbers of sysexits.h(3head) where one fits.
public enum ExitStatus: Int32, Sendable {
    /// Everything is done.
    case success = 0
    /// Something failed.
    case failed = 1
    /// Stopped early; can be resumed.
    case stoppedEarly = 2
    /// Wrong usage of the command line (EX_USAGE).
    case usage = 64
    /// Broker or coordinator not reachable (EX_UNAVAILABLE).
    case unavailable = 69
    /// Not permitted (EX_NOPERM).
    case notPermitted = 77
    /// Wrong configuration (EX_CONFIG).
    case configuration = 78
}
