import Glibc

/// What went wrong with a program that a test runs.
public struct ProgramFailure: Error, CustomStringConvertible {
    /// For people.
    public let description: String

    /// A failure to tell people of.
    public init(description: String) {
        self.description = description
    }
}

/// A running program to talk to over its standard input and output.
///
/// It runs in a process group of its own, so that an interrupt at the terminal reaches the tests only; and its
/// standard input ends when the tests do, however they do.
final class Program: Sendable {
    /// This end of a socket pair. Unlike a pipe's it is never, not even for a moment, inherited by another child.
    private let socket: CInt
    private let pid: pid_t

    init(_ arguments: [String], _ environment: [String] = []) throws {
        var ends: [CInt] = [-1, -1]
        let kind = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else {
            throw ProgramFailure(description: "no more sockets")
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_adddup2(&actions, ends[1], 0)
        posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
        let argv = arguments.map { strdup($0) } + [nil]
        let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/sbin:/usr/bin:/sbin:/bin"
        let envp = (environment + ["PATH=\(path)"]).map { strdup($0) } + [nil]
        var pid = pid_t()
        let status = posix_spawn(&pid, arguments[0], &actions, &attributes, argv, envp)
        for text in argv + envp { free(text) }
        posix_spawn_file_actions_destroy(&actions)
        posix_spawnattr_destroy(&attributes)
        close(ends[1])
        guard status == 0 else {
            close(ends[0])
            throw ProgramFailure(
                description: "cannot run \(arguments[0]): \(String(cString: strerror(status)))")
        }
        socket = ends[0]
        self.pid = pid
    }

    /// Sends `text` to its standard input; nothing happens if it has ended.
    func write(_ text: String) {
        _ = send(socket, text, text.utf8.count, CInt(MSG_NOSIGNAL))
    }

    /// A line of its standard output, without the end; empty if it has ended.
    func readLine() -> String {
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while read(socket, &byte, 1) == 1, byte != UInt8(ascii: "\n") { line.append(byte) }
        return String(decoding: line, as: UTF8.self)
    }

    /// Ends its standard input, waits for its end, and returns the rest of its standard output.
    func readToEnd() -> String {
        shutdown(socket, CInt(SHUT_WR))
        var output: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while case let count = read(socket, &buffer, buffer.count), count > 0 { output += buffer[..<count] }
        waitpid(pid, nil, 0)
        close(socket)
        return String(decoding: output, as: UTF8.self)
    }

    /// Ends its standard input, and does not wait.
    func end() {
        close(socket)
    }
}
