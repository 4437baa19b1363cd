public import AMQP
import DefragTypes
public import Logging

/// Logs what becomes of a connection, a line for each change; what stays as it is, at long intervals.
public struct LinkLog: Sendable {
    private let log: Logger
    private let ifNotConsuming: String
    private let ifInUse: String
    private var repetitions = Repetitions<Subject>()

    /// What a warning is about: while it is the same, and so is the error, it is a repetition.
    private enum Subject: Hashable {
        case queue(String), offer, connection
    }

    /// Logs to `log` what becomes of `connection`, which is for `purpose`, such as `tasks`. `ifNotConsuming` says what to do
    /// when a queue cannot be consumed, `ifInUse` what it means that somebody else has it exclusively.
    public init(
        _ connection: Connection, purpose: String, ifNotConsuming: String, ifInUse: String, log: Logger
    ) {
        var log = log
        log[metadataKey: "connection"] = "\(purpose)"
        log[metadataKey: "broker"] = "\(connection.endpoint)"
        self.log = log
        self.ifNotConsuming = ifNotConsuming
        self.ifInUse = ifInUse
    }

    /// Logs what becomes of `connection` from now on, until cancelled, or it is closed.
    public mutating func follow(_ connection: Connection) async {
        for await state in connection.states { note(state) }
    }

    /// Logs `state`, if there is anything to say.
    public mutating func note(_ state: ConnectionState) {
        switch state {
        case .connecting, .closed: break
        case .connected:
            repetitions.end(.connection)
            log.info("connected")
        case .consuming(let queue):
            repetitions.end(.queue(queue))
            log.info("consuming", metadata: ["queue": "\(queue)"])
        case .notConsuming(let queue, let error, let retryIn):
            warn(
                "not consuming: \(error.code == .inUse ? ifInUse : ifNotConsuming)", .queue(queue), error,
                ["queue": "\(queue)", "retryIn": "\(retryIn.text)"])
        case .offerRefused(let error): warn("the broker refused an event", .offer, error)
        case .blocked(let reason):
            log.warning("the broker holds publishers back", metadata: ["reason": "\(reason)"])
        case .unblocked: log.info("the broker takes messages again")
        case .disconnected(let error, let retryIn):
            warn("not connected", .connection, error, ["retryIn": "\(retryIn.text)"])
        }
    }

    private mutating func warn(
        _ message: Logger.Message, _ subject: Subject, _ error: AMQPError, _ metadata: Logger.Metadata = [:]
    ) {
        guard let silent = repetitions.isDue(subject, "\(error)", at: .now) else { return }
        var metadata = metadata
        metadata["error"] = "\(error)"
        if silent > 0 { metadata["repeated"] = "\(silent)" }
        log.warning(message, metadata: metadata)
    }
}
