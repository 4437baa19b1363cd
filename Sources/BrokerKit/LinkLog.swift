public import AMQP
import DefragTypes
public import Logging

/// Logs what becomes of a connection, a line for each change.
public struct LinkLog: Sendable {
    private let log: Logger
    private let ifNotConsuming: String

    /// Logs to `log` what becomes of `connection`, which is for `purpose`, such as `tasks`; `ifNotConsuming` is what to do when
    /// a queue cannot be consumed.
    public init(_ connection: Connection, purpose: String, ifNotConsuming: String, log: Logger) {
        self.log = log.with(["connection": "\(purpose)", "broker": "\(connection.endpoint)"])
        self.ifNotConsuming = ifNotConsuming
    }

    /// Logs `state`, if there is anything to say.
    public func note(_ state: ConnectionState) {
        switch state {
        case .connecting, .closed: break
        case .connected: log.info("connected")
        case .consuming(let queue): log.info("consuming", metadata: ["queue": "\(queue)"])
        case .notConsuming(let queue, let error, let retryIn):
            log.warning(
                "not consuming: \(ifNotConsuming)",
                metadata: ["queue": "\(queue)", "error": "\(error)", "retryIn": "\(retryIn.text)"])
        case .offerRefused(let error):
            log.warning("the broker refused an event", metadata: ["error": "\(error)"])
        case .blocked(let reason):
            log.warning("the broker holds publishers back", metadata: ["reason": "\(reason)"])
        case .unblocked: log.info("the broker takes messages again")
        case .disconnected(let error, let retryIn):
            log.warning("not connected", metadata: ["error": "\(error)", "retryIn": "\(retryIn.text)"])
        }
    }
}

extension Logger {
    /// This logger, which adds `metadata` to every line.
    fileprivate func with(_ metadata: Metadata) -> Logger {
        var logger = self
        for (key, value) in metadata { logger[metadataKey: key] = value }
        return logger
    }
}
