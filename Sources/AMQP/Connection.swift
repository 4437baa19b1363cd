/// A connection to a RabbitMQ broker that keeps itself up.
///
/// ```swift
/// let connection = Connection(try Endpoint(url: url), ConnectionOptions(name: "reflow-worker"))
/// connection.start()
/// for await delivery in connection.consume(queue: "reflow.tasks.host1", prefetch: 1) {
///     try await connection.publish(result, exchange: "reflow.events", routingKey: "host1.done", mandatory: true)
///     delivery.ack()
/// }
/// await connection.close()
/// ```
///
/// A thread of its own serves it; all methods may be called from anywhere and none blocks. It logs nothing:
/// ``states`` tells what happens. After a failure it reconnects with growing, randomised pauses, for ever: consumers
/// are subscribed again, and messages that were not confirmed are published again (so a message may arrive twice;
/// consumers recognise it by its message id).
public final class Connection: Sendable {
    let core: ConnectionCore

    /// A connection that does nothing before ``start()``.
    public init(_ endpoint: Endpoint, _ options: ConnectionOptions) {
        var options = options
        if let heartbeat = endpoint.heartbeat { options.heartbeat = heartbeat }
        if let timeout = endpoint.connectTimeout { options.connectTimeout = timeout }
        core = ConnectionCore(endpoint, options)
    }

    /// Only signals: the thread closes the connection and ends by itself.
    deinit {
        core.close(by: .now + .seconds(5))
    }

    /// Where it connects to.
    public var endpoint: Endpoint { core.endpoint }

    /// What the broker's listings call it.
    public var name: String { core.options.name }

    /// Begins to connect. Once is enough.
    public func start() {
        core.start()
    }

    /// What happens from now on, the present state first. Ends when the connection is closed. A reader that falls
    /// 256 states behind loses the oldest.
    public var states: AsyncStream<ConnectionState> { core.observe() }

    /// When the connection's thread last went round its loop, for a watchdog: at most 5 s ago, but while it connects
    /// ``ConnectionOptions/connectTimeout``, or the time that the resolver takes for one name.
    public var lastTurn: ContinuousClock.Instant { core.lastTurn }

    /// Waits for the connection.
    ///
    /// - Throws: ``AMQPError``: at once if an attempt fails in a way that time does not heal (wrong password, no
    ///   such virtual host, certificate), otherwise the last attempt's after `timeout`. The connection goes on
    ///   trying in either case. `CancellationError` when the task is cancelled.
    public func waitUntilConnected(timeout: Duration) async throws {
        _ = try await core.outcome(of: .connection, within: timeout)
    }

    // MARK: Publishing

    /// Publishes `message` and waits for the broker's confirm, through reconnections if need be; at most for `timeout`, where there is one.
    ///
    /// With `mandatory` it fails if there is no queue to take it. Messages under way at the same time to the same
    /// exchange with the same routing key are told apart by their message ids only: give them some.
    ///
    /// - Throws: ``AMQPError`` with code `returned`, `nacked`, `notFound` (no such exchange), `accessRefused`,
    ///   `tooLarge`, or `closed`; after `timeout` the connection's last error, or `timeout`.
    ///   `CancellationError` when the task is cancelled; the message may or may not be
    ///   published then.
    public func publish(
        _ message: Message, exchange: String, routingKey: String, mandatory: Bool = false,
        within timeout: Duration? = nil
    ) async throws {
        let publication = publication(message, exchange, routingKey, mandatory)
        if let problem = publication.problem(maxBodySize: core.options.maxBodySize) { throw problem }
        if let timeout {
            _ = try await core.outcome(of: .publish(publication), within: timeout)
        } else {
            _ = try await core.outcome(of: .publish(publication))
        }
    }

    /// Publishes `message` if that is possible right now, and forgets it otherwise: for progress, of which only the
    /// latest matters. Of several offers with the same `key` that were not sent yet, the last one wins.
    public func offer(_ message: Message, key: String, exchange: String, routingKey: String) {
        let publication = publication(message, exchange, routingKey, false)
        guard publication.problem(maxBodySize: core.options.maxBodySize) == nil else { return }
        core.offer(publication, key: key)
    }

    private func publication(
        _ message: Message, _ exchange: String, _ routingKey: String, _ mandatory: Bool
    ) -> Publication {
        var message = message
        // Its own, which is known once it has logged in: a dead letter has that of its first publisher.
        message.properties.userID = nil
        return Publication(
            message: message, exchange: exchange, routingKey: routingKey, isMandatory: mandatory)
    }

    // MARK: Consuming

    /// Consumes from `queue`, which need not exist yet: ``states`` tells, and it is tried again. At most `prefetch`
    /// deliveries, at least 1, are unsettled at a time.
    ///
    /// - Parameters:
    ///   - queue: its name.
    ///   - prefetch: most deliveries that are not settled.
    ///   - isExclusive: nobody else may consume it. Where somebody does, that is refused with `inUse`, and tried again.
    ///   - gate: other deliveries of this connection. This queue is consumed only while that one is; what was delivered
    ///     and not settled when it stops is delivered again, as after a lost connection.
    ///   - check: how often the broker is asked whether the queue, and this consumer of it, are still there: it does not
    ///     always tell.
    ///   - longestPause: most between two attempts, where that is less than the connection's.
    ///   - arguments: such as `x-stream-offset`.
    /// - Returns: the deliveries; letting them go ends the consumer.
    public func consume(
        queue: String, prefetch: UInt16, isExclusive: Bool = false, whileConsuming gate: Deliveries? = nil,
        checkedEvery check: Duration = .seconds(30), retriedWithin longestPause: Duration? = nil,
        arguments: [String: FieldValue] = [:]
    ) -> Deliveries {
        consume(
            .consume(queue: queue, isExclusive: isExclusive, arguments: arguments), of: queue, prefetch,
            before: [], gate: gate?.consumer.id, check: check, longestPause: longestPause)
    }

    /// Consumes from a queue of its own that receives what `bindings` name, such as a
    /// ``QueueDefinition/temporary(_:arguments:)``. It is declared and bound each time the consumer is subscribed:
    /// what is published in between is not received. An exclusive queue that another connection has is refused with
    /// `preconditionFailed`, and tried again; at the latest after `longestPause`, where that is less than the connection's.
    public func consume(
        declaring queue: QueueDefinition, bindings: [Binding], prefetch: UInt16,
        whileConsuming gate: Deliveries? = nil, checkedEvery check: Duration = .seconds(30),
        retriedWithin longestPause: Duration? = nil
    ) -> Deliveries {
        let binds = bindings.map {
            ClientMethod.bindQueue(
                queue.name, exchange: $0.exchange, routingKey: $0.routingKey, arguments: $0.arguments)
        }
        return consume(
            .consume(queue: queue.name, arguments: [:]), of: queue.name, prefetch,
            before: [.declareQueue(queue)] + binds, gate: gate?.consumer.id, check: check,
            longestPause: longestPause)
    }

    private func consume(
        _ consume: ClientMethod, of queue: String, _ prefetch: UInt16, before: [ClientMethod],
        gate: ConsumerID?, check: Duration, longestPause: Duration? = nil
    ) -> Deliveries {
        precondition(prefetch > 0, "without a prefetch the broker sends everything at once")
        let steps = before + [.qos(prefetch: prefetch), consume]
        let (id, deliveries) = core.subscribe(
            Subscription(queue: queue, steps: steps, gate: gate, check: check, longestPause: longestPause))
        return Deliveries(consumer: ConsumerHandle(id, deliveries, self))
    }

    // MARK: Declaring

    /// Declares `queue`, which may exist already if it is the same.
    ///
    /// - Throws: ``AMQPError`` with the broker's words: `preconditionFailed` if one exists with other properties;
    ///   `accessRefused`; `timeout`, or the last error of the connection, after ``ConnectionOptions/rpcTimeout``.
    ///   All that follow here throw likewise.
    @discardableResult
    public func declare(_ queue: QueueDefinition) async throws -> QueueStatus {
        try await status(.declareQueue(queue))
    }

    /// Looks at a queue without declaring it; `notFound` if it does not exist.
    public func inspect(queue: String) async throws -> QueueStatus {
        try await status(.inspectQueue(queue))
    }

    /// Binds `queue` to an exchange.
    public func bind(queue: String, _ binding: Binding) async throws {
        _ = try await call(
            .bindQueue(
                queue, exchange: binding.exchange, routingKey: binding.routingKey,
                arguments: binding.arguments))
    }

    /// Takes a binding away; it need not exist.
    public func unbind(queue: String, _ binding: Binding) async throws {
        _ = try await call(
            .unbindQueue(
                queue, exchange: binding.exchange, routingKey: binding.routingKey,
                arguments: binding.arguments))
    }

    /// Throws away the ready messages of `queue`; returns how many.
    @discardableResult
    public func purge(queue: String) async throws -> UInt32 {
        try await count(.purgeQueue(queue))
    }

    /// Deletes `queue`, which need not exist; returns how many messages it held.
    @discardableResult
    public func delete(queue: String, ifUnused: Bool = false, ifEmpty: Bool = false) async throws -> UInt32 {
        try await count(.deleteQueue(queue, ifUnused: ifUnused, ifEmpty: ifEmpty))
    }

    /// Declares `exchange`, which may exist already if it is the same.
    public func declare(_ exchange: ExchangeDefinition) async throws {
        _ = try await call(.declareExchange(exchange))
    }

    /// Throws `notFound` if there is no such exchange.
    public func inspect(exchange: String) async throws {
        _ = try await call(.inspectExchange(exchange))
    }

    /// Binds an exchange to another.
    public func bind(exchange: String, _ binding: Binding) async throws {
        _ = try await call(
            .bindExchange(
                exchange, source: binding.exchange, routingKey: binding.routingKey,
                arguments: binding.arguments))
    }

    /// Deletes `exchange`, which need not exist.
    public func delete(exchange: String) async throws {
        _ = try await call(.deleteExchange(exchange))
    }

    private func status(_ method: ClientMethod) async throws -> QueueStatus {
        guard case .queue(let status) = try await call(method) else { throw AMQPError.outOfOrder }
        return status
    }

    private func count(_ method: ClientMethod) async throws -> UInt32 {
        guard case .messages(let count) = try await call(method) else { throw AMQPError.outOfOrder }
        return count
    }

    private func call(_ method: ClientMethod) async throws -> Reply {
        try await core.outcome(of: .call(method), within: core.options.rpcTimeout)
    }

    // MARK: Closing

    /// Takes no more work, waits for outstanding confirms, closes in an orderly way, and ends the thread.
    ///
    /// - Parameter bound: how long that may take; then what is unconfirmed fails with `closed`. (A thread inside of
    ///   an attempt to connect ends after this has returned, when the attempt does.)
    public func close(within bound: Duration = .seconds(5)) async {
        core.close(by: .now + bound)
        _ = try? await core.outcome(of: .end, within: bound + .seconds(1))
    }
}

/// What an exchange is asked for.
public struct Binding: Hashable, Sendable {
    /// The exchange that messages come from.
    public var exchange: String
    /// What it compares with a message's routing key.
    public var routingKey: String
    /// For exchanges of kind `headers`.
    public var arguments: [String: FieldValue]

    /// Asks `exchange` for what matches `routingKey`.
    public init(exchange: String, routingKey: String = "", arguments: [String: FieldValue] = [:]) {
        self.exchange = exchange
        self.routingKey = routingKey
        self.arguments = arguments
    }
}
