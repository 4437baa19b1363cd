import CLinux
import Glibc

/// A system call that failed.
public struct SystemError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The error number, errno(3).
    public let errno: CInt
    /// The operation that failed, such as `unshare`.
    public let operation: String

    /// The failure of `operation` with `errno`.
    public init(errno: CInt, operation: String) {
        self.errno = errno
        self.operation = operation
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
func system(_ operation: String, _ call: () -> CInt) throws(SystemError) -> CInt {
    while true {
        let result = call()
        if result >= 0 { return result }
        if result != -EINTR { throw SystemError(errno: -result, operation: operation) }
    }
}
