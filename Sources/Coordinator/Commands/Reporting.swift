import ArgumentParser
import DefragTypes
import Foundation
import Settings

/// Runs `work`; what it throws goes to stderr in words and becomes the exit status, unless it is that already.
func reportingFailure(_ work: () async throws -> Void) async throws {
    do {
        try await work()
    } catch let error as ExitCode {
        throw error
    } catch let error as ValidationError {
        throw error
    } catch {
        let failure = Failure(any: error)
        note(failure.message)
        throw failure.status.exitCode
    }
}

/// Prints `text` on stderr: what somebody should know, and is no answer.
func note(_ text: String) {
    FileHandle.standardError.write(Data("reflow: \(text.plainLines)\n".utf8))
}

/// Prints `text` and a line break on stdout, at once: whoever reads it from a pipe wants it now.
///
/// - Throws: ``Failure`` if it cannot be written; where nobody reads it any more, the exit status alone.
func say(_ text: String) throws {
    var bytes = Array((text + "\n").utf8)[...]
    while !bytes.isEmpty {
        let count = bytes.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
        let number = errno
        if count >= 0 {
            bytes = bytes.dropFirst(count)
        } else if number == EAGAIN {
            var wanted = pollfd(fd: STDOUT_FILENO, events: Int16(POLLOUT), revents: 0)
            poll(&wanted, 1, -1)
        } else if number == EPIPE {
            throw ExitStatus.failed.exitCode
        } else if number != EINTR {
            throw Failure(.failed, "stdout cannot be written: \(String(cString: strerror(number)))")
        }
    }
}
