import Glibc
import JSON
import Support
import Testing

/// What a finished `reflow-worker` left behind.
struct WorkerRun {
    let end: Process.End
    let output: String
    let errors: String

    /// Runs `reflow-worker` to its end.
    static func of(_ arguments: String...) async throws -> WorkerRun {
        let process = try Process("reflow-worker", arguments)
        let end = await process.wait()
        return WorkerRun(end: end, output: process.output, errors: process.errors)
    }

    /// Runs a shell command, in which `$worker` is the program; its own last line of output is the exit status.
    static func shell(_ command: String) throws -> WorkerRun {
        let program = Process.path(of: "reflow-worker")
        let text = try Tool.run("bash", "-c", "worker='\(program)'; { \(command); }; echo \"$?\"")
        let lines = text.split(separator: "\n")
        let status = try #require(lines.last.flatMap { Int32($0) })
        return WorkerRun(end: .exited(status), output: lines.dropLast().joined(separator: "\n"), errors: "")
    }

    /// The lines of output, each a JSON object.
    func objects<Object: Decodable>(_ type: Object.Type = Object.self) throws -> [Object] {
        try output.split(separator: "\n").map { try JSONDecoder().decode(Object.self, from: String($0)) }
    }
}

extension Process {
    /// Waits until it has written something to its standard output.
    func writesOutput() async throws {
        let watch = inotify_init1(CInt(IN_CLOEXEC))
        defer { close(watch) }
        // The file behind its standard output; closed for good when it ends.
        let watched = inotify_add_watch(watch, "/proc/\(pid)/fd/1", UInt32(IN_MODIFY | IN_CLOSE_WRITE))
        await wait(for: { [self] in
            var events = [UInt8](repeating: 0, count: 4096)
            if output.isEmpty, watched >= 0 { _ = read(watch, &events, events.count) }
        })
        if output.isEmpty { throw Tool.Failure(description: "it ended without a word: \(errors)") }
    }
}
