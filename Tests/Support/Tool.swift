import Glibc

/// Runs programs of the system for a test, and waits for them.
public enum Tool {
    /// A program that could not be run or did not succeed.
    public struct Failure: Error, CustomStringConvertible {
        public let description: String

        /// A failure.
        public init(description: String) {
            self.description = description
        }
    }

    /// Runs `program`, found by `PATH`, with `arguments`.
    ///
    /// - Returns: what it wrote to its standard output and error.
    /// - Throws: ``Failure`` with that text, unless its exit status is 0.
    @discardableResult
    public static func run(_ program: String, _ arguments: String...) throws -> String {
        try run([program] + arguments)
    }

    /// Runs `command`, whose first word is the program.
    @discardableResult
    public static func run(_ command: [String]) throws -> String {
        let ends = try channel()
        defer { close(ends[0]) }
        let process = try spawn(command, output: ends[1])
        close(ends[1])
        var output: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = read(ends[0], &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { break }
            output += buffer.prefix(count)
        }
        let text = String(decoding: output, as: UTF8.self)
        var status: CInt = 0
        while waitpid(process, &status, 0) < 0 && errno == EINTR {}
        guard status == 0 else {
            throw Failure(
                description: "\(command.joined(separator: " ")): status \(status)\n\(text)")
        }
        return text
    }

    /// Both ends of a channel that no other program inherits.
    static func channel() throws -> [CInt] {
        var ends: [CInt] = [0, 0]
        let type = CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &ends) == 0 else {
            throw Failure(description: "socketpair: error \(errno)")
        }
        return ends
    }

    /// Starts a program in a session of its own, so that no terminal's signal reaches it. What it writes to its
    /// standard error goes to `output`, too, unless there is an `error`; its environment is ours unless given.
    static func spawn(
        _ command: [String], input: CInt? = nil, output: CInt? = nil, error errors: CInt? = nil,
        environment: [String: String]? = nil
    ) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        if let input { posix_spawn_file_actions_adddup2(&actions, input, 0) }
        if let output {
            posix_spawn_file_actions_adddup2(&actions, output, 1)
            posix_spawn_file_actions_adddup2(&actions, errors ?? output, 2)
        }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // 0x80 is POSIX_SPAWN_SETSID, a GNU extension that Swift does not see.
        posix_spawnattr_setflags(&attributes, Int16(0x80 | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        // A process with an HTTP client or server ignores SIGPIPE, and a child that inherits that complains of broken pipes.
        var usual = none
        sigaddset(&usual, SIGPIPE)
        posix_spawnattr_setsigdefault(&attributes, &usual)
        var arguments = command.map { strdup($0) } + [nil]
        defer { arguments.forEach { free($0) } }
        var variables = environment.map { $0.map { strdup("\($0.key)=\($0.value)") } + [nil] } ?? []
        defer { variables.forEach { free($0) } }
        var process: pid_t = 0
        let error = variables.withUnsafeMutableBufferPointer {
            posix_spawnp(
                &process, command[0], &actions, &attributes, &arguments, $0.isEmpty ? environ : $0.baseAddress
            )
        }
        guard error == 0 else { throw Failure(description: "\(command[0]): error \(error)") }
        return process
    }
}
