import Glibc

/// A running program, used over its standard input and output. Its input ends with the tests, however they end.
final class Program: Sendable {
    private let socket: CInt
    private let process: pid_t

    /// Starts `command`.
    init(_ command: [String]) throws {
        let ends = try Tool.channel()
        defer { close(ends[1]) }
        do {
            process = try Tool.spawn(command, input: ends[1], output: ends[1])
        } catch {
            close(ends[0])
            throw error
        }
        socket = ends[0]
    }

    /// Sends `text` to its standard input; nothing happens if it has ended.
    func write(_ text: String) {
        _ = send(socket, text, text.utf8.count, CInt(MSG_NOSIGNAL))
    }

    /// A line of its output, without the end; empty if it has ended.
    func readLine() -> String {
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while read(socket, &byte, 1) == 1, byte != UInt8(ascii: "\n") { line.append(byte) }
        return String(decoding: line, as: UTF8.self)
    }

    /// Ends its standard input, waits for its end, and returns its remaining output.
    func readToEnd() -> String {
        shutdown(socket, CInt(SHUT_WR))
        var output: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while case let count = read(socket, &buffer, buffer.count), count > 0 { output += buffer[..<count] }
        close(socket)
        waitpid(process, nil, 0)
        return String(decoding: output, as: UTF8.self)
    }

    /// Ends its standard input, and does not wait.
    func end() {
        close(socket)
    }
}
