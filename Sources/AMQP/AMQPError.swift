/// What went wrong between here and the broker.
public struct AMQPError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of error, for programs.
    public enum Code: String, Hashable, Sendable {
        /// Nobody answers: refused, no such host, timed out, lost.
        case unreachable
        /// The broker itself has refused user and password, or the certificate, at login (403).
        case credentialsRefused
        /// The account may not do what was asked, or has no rights on the virtual host (403, 530). Its password is right.
        case accessRefused
        /// The broker, the virtual host or the account has as many connections or channels as are allowed (530).
        case limitReached
        /// The virtual host does not exist (530).
        case vhostNotFound
        /// Another consumer has the queue, and it or this one wants it exclusively (403).
        case inUse
        /// No such queue or exchange (404).
        case notFound
        /// It exists with other properties, or the broker's conditions are not met (406); also a queue that is
        /// another connection's own (405).
        case preconditionFailed
        /// Published as mandatory, and no queue took it (basic.return, 312).
        case returned
        /// The broker could not take responsibility for the message (basic.nack).
        case nacked
        /// The message is larger than ``ConnectionOptions/maxBodySize``, or its headers are too large for a frame.
        case tooLarge
        /// The broker cancelled the consumer: its queue was deleted, or moved.
        case cancelled
        /// The broker fails and drops the connection whenever this queue is consumed (541): its record is there, its content is not.
        /// RabbitMQ 3.10 leaves a quorum queue so that was declared just before the node was killed.
        case queueBroken
        /// A reply did not come in time.
        case timeout
        /// The connection was closed at this end.
        case closed
        /// The two sides do not understand each other.
        case `protocol`
        /// TLS or a login by certificate failed: unknown authority, wrong host name, no common version, a file that cannot be read.
        case tls
        /// The URL of the broker cannot be parsed.
        case invalidURL
    }

    /// The kind of error.
    public let code: Code
    /// What happened, and to which endpoint; never holds the password.
    public let message: String
    /// The reply code of the broker where there is one, such as 404.
    public let replyCode: UInt16?

    /// An error of kind `code`.
    public init(_ code: Code, _ message: String, replyCode: UInt16? = nil) {
        self.code = code
        self.message = message
        self.replyCode = replyCode
    }

    /// Whether the same attempt may succeed later without anybody changing the configuration.
    public var isRetriable: Bool {
        switch code {
        case .unreachable, .limitReached, .nacked, .timeout, .cancelled, .inUse, .queueBroken: true
        case .credentialsRefused, .accessRefused, .vhostNotFound, .notFound, .preconditionFailed, .returned,
            .tooLarge, .closed, .protocol, .tls, .invalidURL:
            false
        }
    }

    public var description: String { message }
}

extension AMQPError {
    /// The reply code of what the broker has failed over itself.
    static let internalError: UInt16 = 541

    /// The error that a channel.close or connection.close of the broker stands for.
    init(_ closure: Closure) {
        let code: Code =
            switch closure.replyCode {
            case 311: .tooLarge
            case 320: .unreachable  // CONNECTION_FORCED: an operator or a shutdown
            case 403 where closure.text.contains("in exclusive use"): .inUse
            case 403: .accessRefused
            case 404: .notFound
            case 405, 406: .preconditionFailed
            case 506, Self.internalError: .unreachable  // RESOURCE_ERROR: the broker's own trouble
            case 530 where closure.text.contains("not found"): .vhostNotFound
            case 530 where closure.text.contains("limit"): .limitReached
            case 530: .accessRefused
            default: .protocol
            }
        self.init(
            code, "the broker refused: \(closure.text) (\(closure.replyCode))", replyCode: closure.replyCode)
    }
}
