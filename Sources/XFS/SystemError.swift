import CLinux
import Glibc

/// A system call that failed.
public struct SystemError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The error number, errno(3).
    public let errno: CInt
    /// The operation that failed, such as `unshare`.
    public let operation: String
    /// What the call was about: the same number means another thing for each.
    public let subject: Subject

    /// What a call can be about.
    public enum Subject: Hashable, Sendable {
        /// A path that is followed.
        case path
        /// The file that was found, or the file system that it is on.
        case file
        /// The folder that the file is in.
        case folder
        /// An unnamed file beside it.
        case scratch
    }

    /// The failure of `operation` on `subject` with `errno`.
    public init(errno: CInt, operation: String, on subject: Subject = .file) {
        self.errno = errno
        self.operation = operation
        self.subject = subject
    }

    /// The error in words, by strerror(3).
    public var meaning: String {
        var buffer = [CChar](repeating: 0, count: 128)
        guard strerror_r(errno, &buffer, buffer.count) == 0 else { return "error \(errno)" }
        let text = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return text.isEmpty ? "error \(errno)" : String(decoding: text, as: UTF8.self)
    }

    public var description: String { "\(operation): \(meaning)" }
}

/// The one place where the result of a system call becomes a value or an error: `call` returns a value, or an
/// error number negated. Calls that a signal interrupted are repeated.
@discardableResult
func system(
    _ operation: String, on subject: SystemError.Subject = .file, _ call: () -> CInt
) throws(SystemError) -> CInt {
    while true {
        let result = call()
        if result >= 0 { return result }
        if result != -EINTR { throw SystemError(errno: -result, operation: operation, on: subject) }
    }
}
