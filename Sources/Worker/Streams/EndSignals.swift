import Glibc
import UnixSignals

/// The signals by which a person or a service manager ends the program: SIGINT, SIGTERM and, unless whoever started it has it
/// ignored (nohup(1)), SIGHUP, which is how a lost connection ends it.
func endSignals() async -> UnixSignalsSequence {
    var inherited = sigaction()
    sigaction(SIGHUP, nil, &inherited)
    let handler = unsafeBitCast(inherited.__sigaction_handler.sa_handler, to: Int.self)
    let isIgnored = handler == unsafeBitCast(SIG_IGN, to: Int.self)
    return await UnixSignalsSequence(trapping: [.sigint, .sigterm] + (isIgnored ? [] : [.sighup]))
}

/// What each of several signals asks for.
struct EndRequests: Sendable {
    enum Step: Hashable, Sendable {
        /// End after the current chunk.
        case end
        /// End at once, which is safe at any moment: what is left are hints that the next run or `restore` gives back.
        case endNow
        case ignore
    }

    private var isAsked = false

    /// What `signal` asks for. A lost connection is often told twice, by the kernel and by the shell.
    mutating func take(_ signal: UnixSignal) -> Step {
        defer { isAsked = true }
        return !isAsked ? .end : signal == .sighup ? .ignore : .endNow
    }
}
