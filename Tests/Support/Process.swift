import Dispatch
public import Glibc
import Synchronization

/// A program of ours that a test runs beside itself, with its output in files.
///
/// It carries the test run's folder in its environment, so that ``RunFolder``'s janitor finds it if the tests die.
public final class Process: Sendable {
    /// How it ended.
    public enum End: Hashable, Sendable {
        /// By itself, with this status.
        case exited(Int32)
        /// By this signal.
        case killed(Int32)
    }

    /// Its process id.
    public let pid: pid_t
    private let folder: String
    private let end = Mutex<End?>(nil)

    /// Starts the program of ours called `name`, such as `reflow`, with `environment` added to a minimal one; through
    /// `wrapper`, if given, a command that executes it in its place, such as `unshare --net`.
    public init(
        _ name: String, _ arguments: [String], environment: [String: String] = [:],
        through wrapper: [String] = []
    ) throws {
        folder = try RunFolder.subfolder(name)
        let output = open(folder + "/stdout", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        let error = open(folder + "/stderr", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        defer {
            close(output)
            close(error)
        }
        pid = try Tool.spawn(
            wrapper + [Process.path(of: name)] + arguments, output: output, error: error,
            environment: environment.merging([
                "REFLOW_TEST_FOLDER": RunFolder.path, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            ]) { $1 })
    }

    deinit {
        guard end.withLock({ $0 == nil }) else { return }
        Glibc.kill(pid, SIGKILL)
        waitpid(pid, nil, 0)
    }

    /// Where the program of ours called `name` was built: beside the bundle of the tests.
    public static func path(of name: String) -> String {
        let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") } ?? CommandLine.arguments[0]
        return (bundle.split(separator: "/", omittingEmptySubsequences: false).dropLast() + [name[...]])
            .joined(separator: "/")
    }

    /// What it has written to its standard output so far.
    public var output: String { text(of: "stdout") }

    /// What it has written to its standard error so far.
    public var errors: String { text(of: "stderr") }

    /// The file that takes its standard output.
    public var outputFile: String { folder + "/stdout" }

    /// The file that takes its standard error.
    public var errorFile: String { folder + "/stderr" }

    /// Sends it a signal, if it still runs.
    public func send(_ signal: Int32) {
        end.withLock { if $0 == nil { Glibc.kill(pid, signal) } }
    }

    /// Whether it has not ended yet.
    public var isRunning: Bool {
        var information = siginfo_t()
        return end.withLock { end in
            end == nil && waitid(P_PID, id_t(pid), &information, WEXITED | WNOWAIT | WNOHANG) == 0
                && information.si_signo == 0
        }
    }

    /// Waits for its end. It is killed if the task that waits is cancelled, as at a test's time limit.
    @discardableResult
    public func wait() async -> End {
        await wait(for: { [self] in
            // Reaped under the lock, so that no signal can hit another process with its pid.
            var information = siginfo_t()
            while waitid(P_PID, id_t(pid), &information, WEXITED | WNOWAIT) < 0 && errno == EINTR {}
            return reap()
        })
    }

    /// Waits on a thread of its own for `event`, which its end must bring about. It is killed if the task that waits is
    /// cancelled.
    public func wait<Event: Sendable>(for event: @escaping @Sendable () -> Event) async -> Event {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                DispatchQueue.global().async { continuation.resume(returning: event()) }
            }
        } onCancel: {
            send(SIGKILL)
        }
    }

    private func reap() -> End {
        end.withLock { end in
            if let end { return end }
            var status: CInt = 0
            waitpid(pid, &status, 0)
            let ended = status & 0x7f == 0 ? End.exited(status >> 8 & 0xff) : .killed(status & 0x7f)
            end = ended
            return ended
        }
    }

    private func text(of name: String) -> String { (try? Tool.run("cat", folder + "/" + name)) ?? "" }
}
