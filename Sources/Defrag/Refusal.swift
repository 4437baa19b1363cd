public import DefragTypes

/// Why a file must not be touched: a code, and a message that says what to do.
public struct Refusal: Error, Hashable, Sendable, CustomStringConvertible {
    /// The code.
    public let reason: Reason
    /// What is wrong with which file, and what to do about it.
    public let message: String

    /// A refusal.
    public init(_ reason: Reason, _ message: String) {
        self.reason = reason
        self.message = message
    }

    public var description: String { message }

    /// The result that reports this refusal of `path`: failed where the machine is at fault, otherwise skipped.
    public func result(path: String) -> DefragResult {
        DefragResult(
            path: path, status: reason == .ioError ? .failed : .skipped, reason: reason, message: message)
    }
}
