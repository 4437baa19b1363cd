/// Why a message cannot be decoded.
public struct ContractError: Error, Hashable, Sendable, CustomStringConvertible {
    /// For programs.
    public let code: Code
    /// For people: what is wrong, and where.
    public let message: String

    /// Kinds of error; they become the reason of a dead letter.
    public enum Code: String, Hashable, Sendable {
        /// Not JSON within the limits, a field missing, of the wrong type or out of range.
        case malformed
        /// Another major version of this contract or of CloudEvents.
        case unsupportedVersion
        /// A type that this side does not know.
        case unknownType
        /// The body is larger than a message may be.
        case tooLarge
        /// Whoever published it may not speak for the host it names, or give a host orders.
        case notBelieved
    }

    /// An error with a code and words.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { "\(code.rawValue): \(message)" }
}
